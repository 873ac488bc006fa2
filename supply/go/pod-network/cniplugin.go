package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"
)

// patience is how long a pod's start waits for its rules; then kubelet tries again.
var patience = 60 * time.Second

// Request is a pod that is about to start, and the addresses that it has got.
type Request struct {
	Namespace string       `json:"namespace"`
	Name      string       `json:"name"`
	UID       string       `json:"uid"`
	Addresses []netip.Addr `json:"addresses"`
}

// Answer is empty when the pod's rules are in the kernel.
type Answer struct {
	Error string `json:"error"`
}

// Plugin is the last of the CNI plugins: it keeps a pod's containers from starting until the policies that
// select it are in force, and changes nothing of its network. When nobody can say that they are, the pod
// doesn't start. Source: CNI specification 1.0.0, section 4; NetworkPolicy, "Pod lifecycle".
func Plugin(env func(string) string, input io.Reader, output io.Writer) error {
	if env("CNI_COMMAND") == "VERSION" {
		_, err := io.WriteString(output, `{"cniVersion":"1.0.0","supportedVersions":["1.0.0"]}`+"\n")
		return err
	}
	if env("CNI_COMMAND") != "ADD" {
		return nil
	}
	var config struct {
		Socket     string          `json:"socket"`
		PrevResult json.RawMessage `json:"prevResult"`
	}
	if err := json.NewDecoder(input).Decode(&config); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	if config.Socket == "" || config.PrevResult == nil {
		return errors.New("want socket, and a plugin before this one")
	}
	request, err := requestOf(env("CNI_ARGS"), config.PrevResult)
	if err != nil {
		return err
	}
	if err := ask(config.Socket, request); err != nil {
		return fmt.Errorf("network policies of %s/%s: %w", request.Namespace, request.Name, err)
	}
	_, err = output.Write(append(config.PrevResult, '\n'))
	return err
}

// requestOf reads who the pod is, which containerd tells all plugins, and what they gave it.
func requestOf(args string, result []byte) (Request, error) {
	told := map[string]string{}
	for _, pair := range strings.Split(args, ";") {
		key, value, _ := strings.Cut(pair, "=")
		told[key] = value
	}
	request := Request{Namespace: told["K8S_POD_NAMESPACE"], Name: told["K8S_POD_NAME"], UID: told["K8S_POD_UID"]}
	var given struct {
		IPs []struct {
			Address netip.Prefix `json:"address"`
		} `json:"ips"`
	}
	if err := json.Unmarshal(result, &given); err != nil {
		return request, fmt.Errorf("prevResult: %w", err)
	}
	for _, one := range given.IPs {
		request.Addresses = append(request.Addresses, one.Address.Addr())
	}
	if request.Namespace == "" || request.Name == "" {
		return request, errors.New("CNI_ARGS names no pod")
	}
	return request, nil
}

// ask waits until the service says that the rules are there. It may be starting just now.
func ask(socket string, request Request) error {
	deadline := time.Now().Add(patience)
	for {
		connection, err := net.DialTimeout("unix", socket, time.Second)
		if err == nil {
			defer connection.Close()
			return exchange(connection, request, deadline)
		}
		if time.Now().After(deadline) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func exchange(connection net.Conn, request Request, deadline time.Time) error {
	if err := connection.SetDeadline(deadline); err != nil {
		return err
	}
	if err := json.NewEncoder(connection).Encode(request); err != nil {
		return err
	}
	var answer Answer
	if err := json.NewDecoder(connection).Decode(&answer); err != nil {
		return err
	}
	if answer.Error != "" {
		return errors.New(answer.Error)
	}
	return nil
}

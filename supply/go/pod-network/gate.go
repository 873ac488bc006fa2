package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
)

// Gate lets pods start once their rules are in force. It remembers the addresses that pods were given
// until the cluster tells them too, through restarts of this program.
type Gate struct {
	file   string
	wake   func()
	mutex  sync.Mutex
	given  map[string]Request // by namespace/name
	waiter map[string][]chan error
}

// NewGate reads what an earlier run of this program remembered.
func NewGate(file string, wake func()) (*Gate, error) {
	gate := &Gate{file: file, wake: wake, given: map[string]Request{}, waiter: map[string][]chan error{}}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return gate, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &gate.given)
	}
	return gate, err
}

// Listen answers the plugin until the context ends.
func (g *Gate) Listen(ctx context.Context, socket string) error {
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { listener.Close() })
	for {
		connection, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		go g.serve(ctx, connection)
	}
}

func (g *Gate) serve(ctx context.Context, connection net.Conn) {
	defer connection.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var request Request
	answer := Answer{}
	if err := json.NewDecoder(connection).Decode(&request); err != nil {
		answer.Error = err.Error()
	} else if err := g.admit(ctx, request); err != nil {
		answer.Error = err.Error()
	}
	// Who asked may have given up.
	_ = json.NewEncoder(connection).Encode(answer)
}

// admit waits until the rules in the kernel are made with this pod in mind.
func (g *Gate) admit(ctx context.Context, request Request) error {
	key := request.Namespace + "/" + request.Name
	done := make(chan error, 1)
	g.mutex.Lock()
	g.given[key] = request
	g.waiter[key] = append(g.waiter[key], done)
	err := g.save()
	g.mutex.Unlock()
	if err != nil {
		return err
	}
	g.wake()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		g.leave(key, done)
		return fmt.Errorf("rules are not in force after %s", patience)
	}
}

func (g *Gate) leave(key string, done chan error) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.waiter[key] = slices.DeleteFunc(g.waiter[key], func(one chan error) bool { return one == done })
}

// Given lists the addresses of pods that wait, or whose status doesn't tell them yet.
func (g *Gate) Given() map[string]Request {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	copied := make(map[string]Request, len(g.given))
	for key, request := range g.given {
		copied[key] = request
	}
	return copied
}

// Applied opens the gate to those whose pods the rules now know, and forgets what the cluster tells or has
// forgotten. seen is what Given told when the rules were made.
func (g *Gate) Applied(seen map[string]Request, pods []Pod) error {
	known := map[string]Pod{}
	for _, pod := range pods {
		known[pod.Namespace+"/"+pod.Name] = pod
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	changed := false
	for key, request := range seen {
		// A later start of the same pod has got other addresses.
		if !sameRequest(g.given[key], request) {
			continue
		}
		pod, ok := known[key]
		own := ok && isOf(request, pod)
		if own {
			g.open(key)
		}
		if len(g.waiter[key]) == 0 && (!own || pod.tells(request.Addresses)) {
			delete(g.given, key)
			changed = true
		}
	}
	if !changed {
		return nil
	}
	return g.save()
}

func (g *Gate) open(key string) {
	for _, done := range g.waiter[key] {
		done <- nil
	}
	delete(g.waiter, key)
}

func (g *Gate) save() error {
	text, err := json.Marshal(g.given)
	if err != nil {
		return err
	}
	return writeFile(g.file, text, 0o600)
}

// isOf tells whether a request is of this very pod: a later one may have its name.
func isOf(request Request, pod Pod) bool { return request.UID == "" || request.UID == pod.UID }

func sameRequest(a, b Request) bool {
	return a.UID == b.UID && fmt.Sprint(a.Addresses) == fmt.Sprint(b.Addresses)
}

// addressesOf are those that a request gives a pod.
func addressesOf(given map[string]Request, key, uid string) []netip.Addr {
	request, ok := given[key]
	if !ok || (request.UID != "" && request.UID != uid) {
		return nil
	}
	return request.Addresses
}

// Command pod-network gives the pods of a node their network policies, and their way to pods of other nodes.
//
// As a service it keeps nftables rules for NetworkPolicy objects, and a VXLAN or WireGuard link to each other
// node. Called by containerd as a CNI plugin, it keeps a pod from starting before its rules are in force.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if os.Getenv("CNI_COMMAND") != "" {
		plugin()
		return
	}
	files, err := parse(os.Args[1:])
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "pod-network:", err)
		}
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := Serve(ctx, files); err != nil {
		fmt.Fprintln(os.Stderr, "pod-network:", err)
		os.Exit(1)
	}
}

func parse(args []string) (files, error) {
	var f files
	flags := flag.NewFlagSet("pod-network", flag.ContinueOnError)
	flags.StringVar(&f.settings, "settings", "/run/cpiab/pod-network.json", "`file` with what the agent knows of this node")
	flags.StringVar(&f.kubeconfig, "kubeconfig", "/etc/kubernetes/kubelet.conf", "`file` with the identity of this node")
	flags.StringVar(&f.cni, "cni", "/etc/cni/net.d/10-cpiab.conflist", "CNI configuration `file` to keep fitting")
	flags.StringVar(&f.run, "run", "/run/cpiab-pod-network", "`directory` in memory for socket and status")
	if err := flags.Parse(args); err != nil {
		return f, err
	}
	if flags.NArg() > 0 {
		return f, errors.New("want no arguments but flags")
	}
	return f, nil
}

// plugin answers as CNI asks: errors as JSON on standard output.
func plugin() {
	err := Plugin(os.Getenv, os.Stdin, os.Stdout)
	if err == nil {
		return
	}
	// 11: try again later. Source: CNI specification 1.0.0, "Error".
	text, err := json.Marshal(map[string]any{"cniVersion": "1.0.0", "code": 11, "msg": err.Error()})
	if err == nil {
		fmt.Println(string(text))
	}
	os.Exit(1)
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

// Kernel has the rules. It is told what changes, or everything when it isn't known what it has.
type Kernel struct {
	known bool
	has   Table
}

// Set makes the kernel have a table, in one transaction: old rules hold until the new ones do.
func (k *Kernel) Set(ctx context.Context, table Table) error {
	script := table.Replacement()
	if k.known {
		script = k.has.Change(table)
	}
	if script != "" {
		if _, err := nft(ctx, script, "--file", "-"); err != nil {
			k.known = false
			return err
		}
	}
	k.known, k.has = true, table
	return nil
}

// Denied reads how many packets policies dropped. When somebody took the table away, it is written again.
func (k *Kernel) Denied(ctx context.Context) (map[string]uint64, error) {
	text, err := nft(ctx, "", "--json", "list", "counters", "table", "inet", strings.TrimPrefix(tableName, "inet "))
	if err != nil {
		k.known = false
		return nil, err
	}
	var listed struct {
		Nftables []struct {
			Counter struct {
				Name    string `json:"name"`
				Packets uint64 `json:"packets"`
			} `json:"counter"`
		} `json:"nftables"`
	}
	if err := json.Unmarshal(text, &listed); err != nil {
		return nil, err
	}
	denied := map[string]uint64{}
	for _, one := range listed.Nftables {
		if name, ok := strings.CutPrefix(one.Counter.Name, "denied-"); ok {
			denied[name] = one.Counter.Packets
		}
	}
	return denied, nil
}

// admitNodes tells the firewall which addresses are nodes': from these it lets tunnels in. Its table is not ours, but
// for this set.
func admitNodes(ctx context.Context, peers []Peer) error {
	script := "flush set inet cpiab nodes\n"
	for _, peer := range peers {
		script += fmt.Sprintf("add element inet cpiab nodes { %s }\n", peer.Address)
	}
	_, err := nft(ctx, script, "--file", "-")
	return err
}

func nft(ctx context.Context, input string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "nft", args...)
	command.Stdin = strings.NewReader(input)
	var problem bytes.Buffer
	command.Stderr = &problem
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("nft: %w: %s", err, firstLine(problem.String()))
	}
	return output, nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

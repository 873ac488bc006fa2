package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
)

// KeepCNI makes bridge and addresses of a CNI configuration fit this node: its part of the pods' network,
// and packets small enough to go to other nodes. All else stays as it is. It is not written when it fits,
// and none is made where there is none. Source: CNI specification 1.0.0, plugins bridge and host-local.
func KeepCNI(path string, network netip.Prefix, mtu int) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var config map[string]any
	if err := json.Unmarshal(text, &config); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	before, err := json.Marshal(config)
	if err != nil {
		return err
	}
	plugins, _ := config["plugins"].([]any)
	for _, one := range plugins {
		plugin, _ := one.(map[string]any)
		ipam, _ := plugin["ipam"].(map[string]any)
		if plugin["type"] != "bridge" || ipam == nil {
			continue
		}
		plugin["mtu"] = mtu
		if network.IsValid() {
			ipam["ranges"] = []any{[]any{map[string]any{"subnet": network.String()}}}
		}
	}
	after, err := json.MarshalIndent(config, "", " ")
	if err != nil {
		return err
	}
	if compact, err := json.Marshal(config); err != nil || string(compact) == string(before) {
		return err
	}
	return writeFile(path, append(after, '\n'), 0o644)
}

// writeFile gives a file its content at once, or leaves it as it is.
func writeFile(path string, content []byte, mode fs.FileMode) error {
	fresh := path + ".new"
	if err := os.WriteFile(fresh, content, mode); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}

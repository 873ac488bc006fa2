package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// Settings are what the box's agent knows of this node before Kubernetes runs; a JSON file.
type Settings struct {
	// Node is this node's name in the cluster.
	Node string `json:"node"`
	// Backend is how packets get from node to node: vxlan or wireguard.
	Backend string `json:"backend"`
}

const (
	vxlan     = "vxlan"
	wireguard = "wireguard"
)

// ReadSettings reads them. Unknown keys are errors: they would be a newer agent's.
func ReadSettings(path string) (Settings, error) {
	var settings Settings
	file, err := os.Open(path)
	if err != nil {
		return settings, err
	}
	defer file.Close()
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&settings); err != nil {
		return settings, fmt.Errorf("%s: %w", path, err)
	}
	if settings.Node == "" || (settings.Backend != vxlan && settings.Backend != wireguard) {
		return settings, fmt.Errorf("%s: want node, and backend %s or %s", path, vxlan, wireguard)
	}
	return settings, nil
}

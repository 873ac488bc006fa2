package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSettingsThatAreNotUnderstoodAreRefused(t *testing.T) {
	for text, good := range map[string]bool{
		`{"node":"box","backend":"vxlan"}`:              true,
		`{"node":"box","backend":"wireguard"}`:          true,
		`{"node":"box","backend":"carrier-pigeon"}`:     false,
		`{"backend":"vxlan"}`:                           false,
		`{"node":"box","backend":"vxlan","newer":true}`: false,
		``: false,
	} {
		path := filepath.Join(t.TempDir(), "settings.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSettings(path); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTheKeyOfANodeStaysUntilPowerOff(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	one, err := newKeys(file)
	if err != nil {
		t.Fatal(err)
	}
	two, err := newKeys(file)
	if err != nil || one.public() != two.public() {
		t.Error(err, "another key")
	}
	// A node that tells nonsense is left out, and keeps nobody else from being reached.
	b, c := peerAt("b", "192.0.2.2", "10.42.1.0/24"), peerAt("c", "192.0.2.3", "10.42.2.0/24")
	b.Key, c.Key = "nonsense", one.public()
	if configs := peerConfigs([]Peer{b, c}); len(configs) != 1 || configs[0].AllowedIPs[0].String() != "10.42.2.0/24" {
		t.Errorf("peers %v", configs)
	}
}

package main

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"slices"

	"golang.zx2c4.com/wireguard/wgctrl"
	"golang.zx2c4.com/wireguard/wgctrl/wgtypes"
)

// keys is this node's WireGuard key, made after each power-on and kept in memory only: nothing that was
// recorded can be read with what is on a disk.
type keys struct{ private wgtypes.Key }

func newKeys(file string) (*keys, error) {
	text, err := os.ReadFile(file)
	if err == nil {
		private, err := wgtypes.ParseKey(string(text))
		return &keys{private}, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	private, err := wgtypes.GeneratePrivateKey()
	if err != nil {
		return nil, err
	}
	return &keys{private}, writeFile(file, []byte(private.String()), 0o600)
}

// public is what other nodes know this one by.
func (k *keys) public() string { return k.private.PublicKey().String() }

// configure tells the link its key and its peers. A peer may send from its own pods' network only; one that
// has told no key, or none that is one, can't send. Peers that stay keep their sessions.
func (k *keys) configure(peers []Peer) error {
	client, err := wgctrl.New()
	if err != nil {
		return err
	}
	defer client.Close()
	device, err := client.Device(tunnelLink)
	if err != nil {
		return err
	}
	port := wireguardPort
	config := wgtypes.Config{PrivateKey: &k.private, ListenPort: &port, Peers: peerConfigs(peers)}
	for _, there := range device.Peers {
		known := func(one wgtypes.PeerConfig) bool { return one.PublicKey == there.PublicKey }
		if !slices.ContainsFunc(config.Peers, known) {
			config.Peers = append(config.Peers, wgtypes.PeerConfig{PublicKey: there.PublicKey, Remove: true})
		}
	}
	return client.ConfigureDevice(tunnelLink, config)
}

func peerConfigs(peers []Peer) []wgtypes.PeerConfig {
	var configs []wgtypes.PeerConfig
	for _, peer := range peers {
		public, err := wgtypes.ParseKey(peer.Key)
		if err != nil {
			continue
		}
		configs = append(configs, wgtypes.PeerConfig{
			PublicKey:         public,
			Endpoint:          &net.UDPAddr{IP: peer.Address.AsSlice(), Port: wireguardPort},
			ReplaceAllowedIPs: true,
			AllowedIPs:        []net.IPNet{*prefixOf(peer.Network)},
		})
	}
	return configs
}

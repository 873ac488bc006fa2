package main

import (
	"cmp"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// keyAnnotation is where a node says its WireGuard key. A kubelet may change its own Node only, and it is
// kubelet's identity that this program has.
const keyAnnotation = "cpiab.dev/wireguard-public-key"

// Peer is a node as the others see it. Addresses are IPv4: so are the pods' networks of a box.
type Peer struct {
	Name string
	// Address is where its packets come from.
	Address netip.Addr
	// Network is its part of the pods' network.
	Network netip.Prefix
	Key     string
}

// PeerOf reads a node. Address and network are invalid as long as it has none.
func PeerOf(node *corev1.Node) Peer {
	peer := Peer{Name: node.Name, Key: node.Annotations[keyAnnotation]}
	for _, told := range node.Status.Addresses {
		address, err := netip.ParseAddr(told.Address)
		if told.Type == corev1.NodeInternalIP && err == nil && address.Is4() {
			peer.Address = address
			break
		}
	}
	for _, told := range append([]string{node.Spec.PodCIDR}, node.Spec.PodCIDRs...) {
		network, err := netip.ParsePrefix(told)
		if err == nil && network.Addr().Is4() {
			peer.Network = network.Masked()
			break
		}
	}
	return peer
}

// others are the nodes that this one can send to, in order. One whose address or network is that of
// another, earlier one is left out: it must not take away what is for that one.
func others(own string, peers []Peer) []Peer {
	peers = slices.SortedFunc(slices.Values(peers), func(a, b Peer) int { return cmp.Compare(a.Name, b.Name) })
	var kept []Peer
	taken := slices.DeleteFunc(slices.Clone(peers), func(peer Peer) bool { return peer.Name != own })
	for _, peer := range peers {
		clash := slices.ContainsFunc(taken, func(one Peer) bool {
			return one.Address == peer.Address || one.Network.Overlaps(peer.Network)
		})
		if peer.Name == own || clash || !peer.Address.IsValid() || !peer.Network.IsValid() {
			continue
		}
		taken, kept = append(taken, peer), append(kept, peer)
	}
	return kept
}

// hardwareAddress is that of a node's end of the VXLAN: made of its network's address, so that every node
// knows it without being told. Locally administered (IEEE 802, clause 8.2.2).
func hardwareAddress(network netip.Prefix) []byte {
	four := network.Addr().As4()
	return append([]byte{0x0e, 0x70}, four[:]...)
}

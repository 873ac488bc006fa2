package main

import (
	"net/netip"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func peerAt(name, address, network string) Peer {
	return Peer{Name: name, Address: netip.MustParseAddr(address), Network: netip.MustParsePrefix(network)}
}

// ownNetwork gives the test a network of its own, which ends with its thread.
func ownNetwork(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("not root: links need it")
	}
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
}

func TestTunnelIsLeftAloneWhenItFits(t *testing.T) {
	ownNetwork(t)
	own, peers := peerAt("a", "192.0.2.1", "10.42.0.0/24"), []Peer{peerAt("b", "192.0.2.2", "10.42.1.0/24")}
	tunnel := Tunnel{backend: vxlan}
	var indexes []int
	for range 2 {
		if err := tunnel.Apply(own, peers, 1450); err != nil {
			t.Fatal(err)
		}
		link, err := netlink.LinkByName(tunnelLink)
		if err != nil {
			t.Fatal(err)
		}
		indexes = append(indexes, link.Attrs().Index)
	}
	if indexes[0] != indexes[1] {
		t.Errorf("the link was made anew: %v", indexes)
	}
}

func TestTunnelFollowsTheNodes(t *testing.T) {
	ownNetwork(t)
	own := peerAt("a", "192.0.2.1", "10.42.0.0/24")
	b, c := peerAt("b", "192.0.2.2", "10.42.1.0/24"), peerAt("c", "192.0.2.3", "10.42.2.0/24")
	moved := peerAt("c", "192.0.2.9", "10.42.2.0/24")
	for _, peers := range [][]Peer{{b, c}, {c}, {moved}, {b, moved}} {
		if err := (Tunnel{backend: vxlan}).Apply(own, peers, 1450); err != nil {
			t.Fatal(err)
		}
		var networks, ends []string
		for _, peer := range peers {
			networks, ends = append(networks, peer.Network.String()), append(ends, peer.Address.String())
		}
		if found := routes(t); !slices.Equal(found, networks) {
			t.Errorf("routes %v, want %v", found, networks)
		}
		if found := forwards(t); !slices.Equal(found, ends) {
			t.Errorf("nodes %v, want %v", found, ends)
		}
	}
	if err := (Tunnel{backend: vxlan}).Apply(own, nil, 1450); err != nil {
		t.Fatal(err)
	}
	if _, err := netlink.LinkByName(tunnelLink); err == nil {
		t.Error("a node alone has a link")
	}
}

func routes(t *testing.T) []string {
	link, err := netlink.LinkByName(tunnelLink)
	if err != nil {
		t.Fatal(err)
	}
	list, err := netlink.RouteList(link, netlink.FAMILY_V4)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, route := range list {
		found = append(found, route.Dst.String())
	}
	slices.Sort(found)
	return found
}

func forwards(t *testing.T) []string {
	link, err := netlink.LinkByName(tunnelLink)
	if err != nil {
		t.Fatal(err)
	}
	list, err := netlink.NeighList(link.Attrs().Index, unix.AF_BRIDGE)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, one := range list {
		found = append(found, one.IP.String())
	}
	slices.Sort(found)
	return found
}

func TestOthersLeaveOutWhoClaimsWhatIsAnothers(t *testing.T) {
	own := peerAt("a", "192.0.2.1", "10.42.0.0/24")
	b := peerAt("b", "192.0.2.2", "10.42.1.0/24")
	given := []Peer{
		peerAt("z-own-network", "192.0.2.3", "10.42.0.0/25"),
		peerAt("z-own-address", "192.0.2.1", "10.42.3.0/24"),
		peerAt("z-network-of-b", "192.0.2.4", "10.42.1.0/24"),
		{Name: "z-no-network-yet", Address: netip.MustParseAddr("192.0.2.5")},
		b, own,
	}
	before := slices.Clone(given)
	found := others("a", given)
	if !slices.Equal(given, before) {
		t.Error("what it was given changed")
	}
	if !slices.Equal(found, []Peer{b}) {
		t.Errorf("found %v", found)
	}
}

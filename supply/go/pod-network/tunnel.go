package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	// tunnelLink is named in the firewall's rules.
	tunnelLink = "pods0"
	// vxlanPort is the one that flannel and Cilium use too; vxlanID is the network's number on it.
	vxlanPort     = 8472
	vxlanID       = 1
	wireguardPort = 51820
)

// overhead is what a packet grows by on its way to another node, over IPv4 (RFC 7348 section 5;
// WireGuard's whitepaper, section 5.4.6).
var overhead = map[string]int{vxlan: 50, wireguard: 60}

// Tunnel is this node's link to the others.
type Tunnel struct {
	backend string
	keys    *keys
}

// Apply makes link, routes and neighbours what the nodes ask for. A node alone has no link.
func (t Tunnel) Apply(own Peer, peers []Peer, mtu int) error {
	if len(peers) == 0 || !own.Address.IsValid() || !own.Network.IsValid() {
		return removeLink()
	}
	link, err := t.link(own, mtu)
	if err != nil {
		return fmt.Errorf("link %s: %w", tunnelLink, err)
	}
	if t.backend == wireguard {
		if err := t.keys.configure(peers); err != nil {
			return fmt.Errorf("wireguard: %w", err)
		}
	} else if err := setNeighbours(link, peers); err != nil {
		return fmt.Errorf("neighbours: %w", err)
	}
	return setRoutes(link, own, peers, t.backend)
}

func removeLink() error {
	link, err := netlink.LinkByName(tunnelLink)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil
	}
	if err != nil {
		return err
	}
	return netlink.LinkDel(link)
}

// link makes the link, anew where what it was made with has changed, and gives it its address: the first
// one of this node's network, which no pod has. The node itself reaches other nodes' pods from it.
func (t Tunnel) link(own Peer, mtu int) (netlink.Link, error) {
	wanted := t.wanted(own, mtu)
	link, err := netlink.LinkByName(tunnelLink)
	if err == nil && !same(link, wanted) {
		if err := netlink.LinkDel(link); err != nil {
			return nil, err
		}
		err = netlink.LinkNotFoundError{}
	}
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		if err := netlink.LinkAdd(wanted); err != nil {
			return nil, err
		}
		link, err = netlink.LinkByName(tunnelLink)
	}
	if err != nil {
		return nil, err
	}
	if err := setAddress(link, own); err != nil {
		return nil, err
	}
	if err := netlink.LinkSetMTU(link, mtu); err != nil {
		return nil, err
	}
	return link, netlink.LinkSetUp(link)
}

func setAddress(link netlink.Link, own Peer) error {
	wanted := netlink.Addr{IPNet: prefixOf(netip.PrefixFrom(own.Network.Addr(), 32))}
	there, err := netlink.AddrList(link, netlink.FAMILY_V4)
	if err != nil {
		return err
	}
	for _, one := range there {
		if one.IPNet.String() != wanted.IPNet.String() {
			if err := netlink.AddrDel(link, &one); err != nil {
				return err
			}
		}
	}
	return netlink.AddrReplace(link, &wanted)
}

func (t Tunnel) wanted(own Peer, mtu int) netlink.Link {
	attributes := netlink.NewLinkAttrs()
	attributes.Name, attributes.MTU = tunnelLink, mtu
	if t.backend == wireguard {
		return &netlink.Wireguard{LinkAttrs: attributes}
	}
	attributes.HardwareAddr = hardwareAddress(own.Network)
	return &netlink.Vxlan{
		LinkAttrs: attributes,
		VxlanId:   vxlanID,
		Port:      vxlanPort,
		SrcAddr:   own.Address.AsSlice(),
		// Who is where is told by Nodes, never learnt from packets.
		Learning: false,
	}
}

func same(link, wanted netlink.Link) bool {
	there, ok := link.(*netlink.Vxlan)
	if !ok {
		return link.Type() == wanted.Type()
	}
	vxlan, ok := wanted.(*netlink.Vxlan)
	return ok && there.VxlanId == vxlan.VxlanId && there.Port == vxlan.Port && !there.Learning &&
		there.SrcAddr.Equal(vxlan.SrcAddr) &&
		slices.Equal(there.HardwareAddr, vxlan.HardwareAddr)
}

// setNeighbours tells the VXLAN where each node's end is: address, then hardware address, then node.
func setNeighbours(link netlink.Link, peers []Peer) error {
	var wanted []netlink.Neigh
	for _, peer := range peers {
		hardware := net.HardwareAddr(hardwareAddress(peer.Network))
		one := netlink.Neigh{LinkIndex: link.Attrs().Index, State: netlink.NUD_PERMANENT, HardwareAddr: hardware}
		end, forward := one, one
		end.Family, end.IP = unix.AF_INET, peer.Network.Addr().AsSlice()
		forward.Family, forward.Flags, forward.IP = unix.AF_BRIDGE, netlink.NTF_SELF, peer.Address.AsSlice()
		wanted = append(wanted, end, forward)
	}
	for _, family := range []int{unix.AF_INET, unix.AF_BRIDGE} {
		there, err := netlink.NeighList(link.Attrs().Index, family)
		if err != nil {
			return err
		}
		for _, one := range there {
			if one.State&netlink.NUD_PERMANENT != 0 && !slices.ContainsFunc(wanted, sameNeighbour(one)) {
				// It may have gone meanwhile.
				if err := netlink.NeighDel(&one); err != nil && !errors.Is(err, unix.ENOENT) {
					return err
				}
			}
		}
	}
	for _, one := range wanted {
		if err := netlink.NeighSet(&one); err != nil {
			return fmt.Errorf("%s: %w", one.IP, err)
		}
	}
	return nil
}

func sameNeighbour(a netlink.Neigh) func(netlink.Neigh) bool {
	return func(b netlink.Neigh) bool {
		// The kernel tells a bridge's entries with the family of their address.
		bridge := func(one netlink.Neigh) bool { return one.Flags&netlink.NTF_SELF != 0 }
		return bridge(a) == bridge(b) && a.IP.Equal(b.IP) && slices.Equal(a.HardwareAddr, b.HardwareAddr)
	}
}

// setRoutes leads each node's network into the tunnel, and nothing else.
func setRoutes(link netlink.Link, own Peer, peers []Peer, backend string) error {
	there, err := netlink.RouteList(link, netlink.FAMILY_V4)
	if err != nil {
		return err
	}
	for _, route := range there {
		known := slices.ContainsFunc(peers, func(peer Peer) bool {
			return route.Dst != nil && route.Dst.String() == peer.Network.String()
		})
		if !known {
			if err := netlink.RouteDel(&route); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("route to %s: %w", route.Dst, err)
			}
		}
	}
	for _, peer := range peers {
		route := netlink.Route{
			LinkIndex: link.Attrs().Index,
			Dst:       prefixOf(peer.Network),
			Src:       own.Network.Addr().AsSlice(),
		}
		if backend == vxlan {
			route.Gw, route.Flags = peer.Network.Addr().AsSlice(), int(netlink.FLAG_ONLINK)
		} else {
			route.Scope = netlink.SCOPE_LINK
		}
		if err := netlink.RouteReplace(&route); err != nil {
			return fmt.Errorf("route to %s: %w", peer.Network, err)
		}
	}
	return nil
}

func prefixOf(prefix netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: prefix.Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen())}
}

package main

import "github.com/vishvananda/netlink"

const usualMTU = 1500

// podMTU is what fits to other nodes by any card of this one. Links that the kernel makes itself, such
// as bridges, have a kind; cards have none.
func podMTU(backend string) (int, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return 0, err
	}
	least := usualMTU
	for _, link := range links {
		attributes := link.Attrs()
		if link.Type() == "device" && attributes.Name != "lo" && attributes.OperState == netlink.OperUp {
			least = min(least, attributes.MTU)
		}
	}
	return least - overhead[backend], nil
}

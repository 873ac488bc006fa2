package main

import (
	"cmp"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// World is what the rules follow from: the cluster, as far as this program looks at it.
type World struct {
	Node       string
	Pods       []Pod
	Namespaces map[string]map[string]string // labels by name
	Policies   []*networkingv1.NetworkPolicy
}

// Pod has addresses of its own; those that share their node's are no subject of policies.
type Pod struct {
	Namespace, Name, UID, Node string
	Labels                     map[string]string
	Addresses                  []netip.Addr
	// Told are those of the addresses that the cluster tells.
	Told  []netip.Addr
	Ports []NamedPort
	// Newest last; a pod on its way out gives its address to the next one.
	Ending  bool
	Created int64
}

// NamedPort is a port of a container that policies may name.
type NamedPort struct {
	Name     string
	Protocol corev1.Protocol
	Number   int32
}

// PodOf reads a pod. Addresses are what its status tells, and what the node has just given it.
// The second result is false where policies don't apply: on the host's network, or when it has ended.
func PodOf(pod *corev1.Pod, given []netip.Addr) (Pod, bool) {
	ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	if pod.Spec.HostNetwork || ended {
		return Pod{}, false
	}
	read := Pod{
		Namespace: pod.Namespace,
		Name:      pod.Name,
		UID:       string(pod.UID),
		Node:      pod.Spec.NodeName,
		Labels:    pod.Labels,
		Addresses: slices.Clone(given),
		Ending:    pod.DeletionTimestamp != nil,
		Created:   pod.CreationTimestamp.Unix(),
	}
	for _, told := range pod.Status.PodIPs {
		address, err := netip.ParseAddr(told.IP)
		if err != nil {
			continue
		}
		read.Told = append(read.Told, address)
		if !slices.Contains(given, address) {
			read.Addresses = append(read.Addresses, address)
		}
	}
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		for _, port := range container.Ports {
			read.Ports = append(read.Ports, NamedPort{port.Name, cmp.Or(port.Protocol, corev1.ProtocolTCP), port.ContainerPort})
		}
	}
	return read, true
}

// tells says whether the cluster knows all of the addresses.
func (p Pod) tells(addresses []netip.Addr) bool {
	return !slices.ContainsFunc(addresses, func(one netip.Addr) bool { return !slices.Contains(p.Told, one) })
}

// localOwners tells which pod of this node has an address. An address is told of two pods when one has
// ended and its status is late: then it belongs to the one that stays, or came later.
func (w World) localOwners() map[netip.Addr]Pod {
	local := slices.DeleteFunc(slices.Clone(w.Pods), func(pod Pod) bool { return pod.Node != w.Node })
	slices.SortFunc(local, func(a, b Pod) int {
		if a.Ending != b.Ending {
			return compareBools(b.Ending, a.Ending)
		}
		return cmp.Or(cmp.Compare(a.Created, b.Created), cmp.Compare(a.UID, b.UID))
	})
	owners := map[netip.Addr]Pod{}
	for _, pod := range local {
		for _, address := range pod.Addresses {
			owners[address] = pod
		}
	}
	return owners
}

func compareBools(a, b bool) int {
	if a == b {
		return 0
	}
	if a {
		return 1
	}
	return -1
}

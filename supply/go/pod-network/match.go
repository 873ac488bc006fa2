package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// rule makes nftables' matches for one rule of a policy: any of its peers, at any of its ports. Without
// peers anybody is meant, without ports every protocol.
func (t translation) rule(policy *networkingv1.NetworkPolicy, way direction, rule rule) []string {
	var matches []string
	for _, peer := range t.peers(policy, way, rule.peers) {
		if len(rule.ports) == 0 {
			matches = append(matches, peer.match)
		}
		for _, port := range rule.ports {
			matches = append(matches, t.port(policy, way, peer, port)...)
		}
	}
	return matches
}

// peer is one kind of other side in one address family.
type peer struct {
	family int
	match  string
	// pods are known for peers that are pods; of them, a port can be told by its name.
	pods []Pod
	key  string
}

func (t translation) peers(policy *networkingv1.NetworkPolicy, way direction, told []networkingv1.NetworkPolicyPeer) []peer {
	var peers []peer
	if len(told) == 0 {
		for family := range families {
			peers = append(peers, peer{family, "meta nfproto " + nfproto(family), t.world.Pods, "all"})
		}
	}
	for _, one := range told {
		if one.IPBlock != nil {
			peers = append(peers, block(way, *one.IPBlock)...)
		} else {
			peers = append(peers, t.selected(policy, way, one)...)
		}
	}
	return peers
}

// block matches a network but for parts of it. One that can't be read allows nothing.
func block(way direction, told networkingv1.IPBlock) []peer {
	network, err := netip.ParsePrefix(told.CIDR)
	if err != nil {
		return nil
	}
	family := familyOf(network.Addr())
	address := families[family].match + " " + way.peer
	match := address + " " + network.Masked().String()
	if network.Bits() == 0 {
		match = "meta nfproto " + nfproto(family)
	}
	if except := disjoint(told.Except); len(except) > 0 {
		match += fmt.Sprintf(" %s != { %s }", address, strings.Join(except, ", "))
	}
	return []peer{{family: family, match: match}}
}

// disjoint leaves out networks that lie in others: nft wants each address once.
func disjoint(told []string) []string {
	var networks []netip.Prefix
	for _, text := range told {
		if network, err := netip.ParsePrefix(text); err == nil {
			networks = append(networks, network.Masked())
		}
	}
	slices.SortFunc(networks, func(a, b netip.Prefix) int { return a.Bits() - b.Bits() })
	var texts []string
	var kept []netip.Prefix
	for _, network := range networks {
		if !slices.ContainsFunc(kept, func(one netip.Prefix) bool { return one.Overlaps(network) }) {
			kept, texts = append(kept, network), append(texts, network.String())
		}
	}
	return texts
}

// selected matches pods by a set of their addresses, shared by all rules that mean the same pods.
func (t translation) selected(policy *networkingv1.NetworkPolicy, way direction, told networkingv1.NetworkPolicyPeer) []peer {
	key := selectionKey(policy.Namespace, told)
	pods := slices.DeleteFunc(slices.Clone(t.world.Pods), func(pod Pod) bool {
		return !t.isPeer(policy.Namespace, told, pod)
	})
	var peers []peer
	for family, of := range families {
		set := "pods" + of.suffix + "-" + key
		t.add(set, of.address, "", "")
		match := fmt.Sprintf("%s %s @%s", of.match, way.peer, set)
		peers = append(peers, peer{family, match, pods, key})
	}
	for _, pod := range pods {
		for _, address := range pod.Addresses {
			t.Sets["pods"+suffixOf(address)+"-"+key].Elements[address.String()] = ""
		}
	}
	return peers
}

// isPeer tells whether selectors mean a pod: without one for namespaces those of the policy's own.
func (t translation) isPeer(namespace string, told networkingv1.NetworkPolicyPeer, pod Pod) bool {
	if told.NamespaceSelector == nil {
		if pod.Namespace != namespace {
			return false
		}
	} else {
		of, known := t.world.Namespaces[pod.Namespace]
		if !known || !selectorOf(told.NamespaceSelector).Matches(labels.Set(of)) {
			return false
		}
	}
	return told.PodSelector == nil || selectorOf(told.PodSelector).Matches(labels.Set(pod.Labels))
}

// port matches one port of a rule, if the peer can be reached at such.
func (t translation) port(policy *networkingv1.NetworkPolicy, way direction, peer peer, told networkingv1.NetworkPolicyPort) []string {
	protocol := protocolOf(told)
	if told.Port != nil && told.Port.Type == intstr.String {
		return t.namedPort(policy, way, peer, told.Port.StrVal, protocol)
	}
	word := strings.ToLower(string(protocol))
	if told.Port == nil {
		return []string{peer.match + " meta l4proto " + word}
	}
	ports := fmt.Sprint(told.Port.IntVal)
	if told.EndPort != nil && *told.EndPort > told.Port.IntVal {
		ports += fmt.Sprintf("-%d", *told.EndPort)
	}
	return []string{fmt.Sprintf("%s %s dport %s", peer.match, word, ports)}
}

// namedPort matches the port that the receiving pod calls so: each pod has its own number for it. What is
// no pod has no names.
func (t translation) namedPort(policy *networkingv1.NetworkPolicy, way direction, peer peer, name string, protocol corev1.Protocol) []string {
	receivers, key, match := peer.pods, peer.key, ""
	if way == ingress {
		receivers, match = t.judged(policy), peer.match+" "
		key = selectionKey(policy.Namespace, networkingv1.NetworkPolicyPeer{PodSelector: &policy.Spec.PodSelector})
	} else if peer.key == "" {
		return nil
	}
	of := families[peer.family]
	set := "ports" + of.suffix + "-" + shortHash(key, name, string(protocol))
	t.add(set, of.address+" . inet_proto . inet_service", "", "")
	for _, pod := range receivers {
		for _, port := range pod.Ports {
			if port.Name != name || port.Protocol != protocol {
				continue
			}
			for _, address := range pod.Addresses {
				if familyOf(address) == peer.family {
					element := fmt.Sprintf("%s . %s . %d", address, strings.ToLower(string(protocol)), port.Number)
					t.Sets[set].Elements[element] = ""
				}
			}
		}
	}
	return []string{fmt.Sprintf("%s%s daddr . meta l4proto . th dport @%s", match, of.match, set)}
}

// judged lists the pods that a policy selects.
func (t translation) judged(policy *networkingv1.NetworkPolicy) []Pod {
	own := networkingv1.NetworkPolicyPeer{PodSelector: &policy.Spec.PodSelector}
	return slices.DeleteFunc(slices.Clone(t.world.Pods), func(pod Pod) bool {
		return !t.isPeer(policy.Namespace, own, pod)
	})
}

func protocolOf(port networkingv1.NetworkPolicyPort) corev1.Protocol {
	if port.Protocol == nil {
		return corev1.ProtocolTCP
	}
	return *port.Protocol
}

// selectorOf reads a selector; one that can't be read, which the API server does not take, selects nothing.
func selectorOf(told *metav1.LabelSelector) labels.Selector {
	selector, err := metav1.LabelSelectorAsSelector(told)
	if err != nil {
		return labels.Nothing()
	}
	return selector
}

// selectionKey is the same for the same selectors, seen from the same namespace where that matters.
func selectionKey(namespace string, told networkingv1.NetworkPolicyPeer) string {
	if told.NamespaceSelector != nil {
		namespace = ""
	}
	text, err := json.Marshal([]*metav1.LabelSelector{told.NamespaceSelector, told.PodSelector})
	if err != nil {
		panic(err) // a struct of strings
	}
	return shortHash(namespace, string(text))
}

func familyOf(address netip.Addr) int {
	if address.Is4() {
		return 0
	}
	return 1
}

func nfproto(family int) string { return []string{"ipv4", "ipv6"}[family] }

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// counters count packets that policies kept from coming in or going out.
var counters = []string{"denied-ingress", "denied-egress"}

// direction is one of the two ways that a policy looks at.
type direction struct {
	name string
	// own is where a packet has the address of the pod that is judged, peer that of the other side.
	own, peer string
	hook      string
}

// Both see a connection's packets after Services were translated, so the addresses are pods'. A verdict
// of one leaves the other to judge. What comes from the node itself takes another hook: it may always
// reach its pods. Packets from pod to pod over the bridge come by here as br_netfilter hands them on.
var (
	ingress = direction{"ingress", "daddr", "saddr", "type filter hook forward priority filter - 10; policy accept"}
	egress  = direction{"egress", "saddr", "daddr", "type filter hook forward priority filter - 20; policy accept"}
)

var families = []struct{ suffix, match, address string }{
	{"4", "ip", "ipv4_addr"},
	{"6", "ip6", "ipv6_addr"},
}

// Translate makes the rules for the pods of one node. It is pure: the same world gives the same table.
func Translate(world World) Table {
	t := translation{Table: newTable(), world: world, owners: world.localOwners()}
	for _, way := range []direction{ingress, egress} {
		t.base(way)
		t.isolate(way)
	}
	return t.Table
}

type translation struct {
	Table
	world  World
	owners map[netip.Addr]Pod
}

// base is where every forwarded packet comes by.
func (t translation) base(way direction) {
	rules := []string{
		"ct state established,related accept",
		// Without these, pods on a bridge don't find each other over IPv6 (RFC 4890 section 4.4).
		"icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } accept",
	}
	for _, family := range families {
		self, judged := "self"+family.suffix, way.name+family.suffix
		t.add(self, family.address+" . "+family.address, "", "")
		t.add(judged, family.address+" : verdict", "", "")
		// A pod can't be kept from itself, by way of a Service.
		rules = append(rules,
			fmt.Sprintf("%s saddr . %s daddr @%s accept", family.match, family.match, self),
			fmt.Sprintf("%s %s vmap @%s", family.match, way.own, judged))
	}
	t.Chains["forward-"+way.name] = Chain{Hook: way.hook, Rules: rules}
}

// isolate leads each local pod that a policy selects to a chain of its policies. Pods with the same
// policies share it: what none of them allows is dropped.
func (t translation) isolate(way direction) {
	for address, pod := range t.owners {
		policies := t.selecting(pod, way)
		if len(policies) == 0 {
			continue
		}
		var rules, names []string
		for _, policy := range policies {
			chain := t.policy(policy, way)
			rules = append(rules, "jump "+chain)
			names = append(names, policy.Namespace+"/"+policy.Name)
		}
		chain := way.name + "-pods-" + shortHash(names...)
		rules = append(rules, fmt.Sprintf("counter name \"denied-%s\" drop", way.name))
		t.Chains[chain] = Chain{Rules: rules}
		suffix, element := suffixOf(address), address.String()
		t.Sets[way.name+suffix].Elements[element] = chain
		t.Sets["self"+suffix].Elements[element+" . "+element] = ""
	}
}

// selecting lists the policies that isolate a pod in a direction, by name.
func (t translation) selecting(pod Pod, way direction) []*networkingv1.NetworkPolicy {
	var found []*networkingv1.NetworkPolicy
	for _, policy := range t.world.Policies {
		if policy.Namespace == pod.Namespace && looksAt(policy, way) &&
			selectorOf(&policy.Spec.PodSelector).Matches(labels.Set(pod.Labels)) {
			found = append(found, policy)
		}
	}
	slices.SortFunc(found, func(a, b *networkingv1.NetworkPolicy) int { return strings.Compare(a.Name, b.Name) })
	return found
}

// looksAt tells whether a policy isolates in a direction. Without types it always looks at ingress,
// and at egress when it has rules for it. Source: NetworkPolicySpec v1, policyTypes.
func looksAt(policy *networkingv1.NetworkPolicy, way direction) bool {
	types := policy.Spec.PolicyTypes
	if len(types) == 0 {
		return way == ingress || len(policy.Spec.Egress) > 0
	}
	if way == ingress {
		return slices.Contains(types, networkingv1.PolicyTypeIngress)
	}
	return slices.Contains(types, networkingv1.PolicyTypeEgress)
}

// policy makes the chain that accepts what one policy allows, once, and returns its name.
func (t translation) policy(policy *networkingv1.NetworkPolicy, way direction) string {
	title := policy.Namespace + "/" + policy.Name
	name := way.name + "-policy-" + shortHash(title)
	if _, ok := t.Chains[name]; ok {
		return name
	}
	// nft takes comments of up to 128 bytes.
	chain := Chain{Comment: title[:min(len(title), 120)]}
	for _, rule := range rulesOf(policy, way) {
		for _, match := range t.rule(policy, way, rule) {
			chain.Rules = append(chain.Rules, strings.TrimSpace(match+" accept"))
		}
	}
	t.Chains[name] = chain
	return name
}

// rule is what rules for both directions have.
type rule struct {
	peers []networkingv1.NetworkPolicyPeer
	ports []networkingv1.NetworkPolicyPort
}

func rulesOf(policy *networkingv1.NetworkPolicy, way direction) []rule {
	var rules []rule
	if way == ingress {
		for _, one := range policy.Spec.Ingress {
			rules = append(rules, rule{one.From, one.Ports})
		}
		return rules
	}
	for _, one := range policy.Spec.Egress {
		rules = append(rules, rule{one.To, one.Ports})
	}
	return rules
}

func suffixOf(address netip.Addr) string {
	if address.Is4() {
		return "4"
	}
	return "6"
}

// shortHash makes a name that nft takes out of words that it may not.
func shortHash(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return hex.EncodeToString(sum[:8])
}

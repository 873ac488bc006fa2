package main

import (
	"net/netip"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func podAt(name, app, address string) Pod {
	addresses := []netip.Addr{netip.MustParseAddr(address)}
	return Pod{
		Namespace: "team", Name: name, UID: name, Node: "a",
		Labels: map[string]string{"app": app}, Addresses: addresses, Told: addresses,
	}
}

func fromApp(app string) networkingv1.NetworkPolicyIngressRule {
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
	return networkingv1.NetworkPolicyIngressRule{From: []networkingv1.NetworkPolicyPeer{{PodSelector: selector}}}
}

func worldOf(pods ...Pod) World {
	policy := &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "only"},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app": "server"}},
			Ingress:     []networkingv1.NetworkPolicyIngressRule{fromApp("client")},
		},
	}
	return World{
		Node: "a", Pods: pods, Policies: []*networkingv1.NetworkPolicy{policy},
		Namespaces: map[string]map[string]string{"team": {}},
	}
}

func TestTheSameWorldChangesNothing(t *testing.T) {
	server, client := podAt("s", "server", "10.42.0.2"), podAt("c", "client", "10.42.0.3")
	one, other := Translate(worldOf(server, client)), Translate(worldOf(client, server))
	if script := one.Change(other); script != "" {
		t.Errorf("changed:\n%s", script)
	}
}

func TestAPodThatComesIsElementsAlone(t *testing.T) {
	server := podAt("s", "server", "10.42.0.2")
	before := Translate(worldOf(server, podAt("c", "client", "10.42.0.3")))
	for name, pod := range map[string]Pod{
		"a peer":             podAt("d", "client", "10.42.0.4"),
		"an isolated pod":    podAt("t", "server", "10.42.0.5"),
		"a pod of no policy": podAt("u", "other", "10.42.0.6"),
	} {
		after := Translate(worldOf(server, podAt("c", "client", "10.42.0.3"), pod))
		for _, script := range []string{before.Change(after), after.Change(before)} {
			for line := range strings.Lines(script) {
				if !strings.HasPrefix(line, "add element ") && !strings.HasPrefix(line, "delete element ") {
					t.Errorf("%s: %s", name, line)
				}
			}
		}
	}
}

func TestChainsGoWithTheirLastPod(t *testing.T) {
	server := podAt("s", "server", "10.42.0.2")
	script := Translate(worldOf(server)).Change(Translate(worldOf()))
	element, chain := strings.Index(script, "delete element"), strings.Index(script, "delete chain")
	if element < 0 || chain < element || strings.Contains(script, "add ") {
		t.Errorf("order:\n%s", script)
	}
}

func TestAPodOfAnotherNodeIsJudgedThere(t *testing.T) {
	server := podAt("s", "server", "10.42.1.2")
	server.Node = "b"
	if table := Translate(worldOf(server)); len(table.Sets["ingress4"].Elements) > 0 {
		t.Errorf("judged: %v", table.Sets["ingress4"].Elements)
	}
}

func TestAnAddressIsThePodsThatStays(t *testing.T) {
	old, fresh := podAt("old", "client", "10.42.0.2"), podAt("fresh", "server", "10.42.0.2")
	old.Ending, old.Created, fresh.Created = true, 2, 1
	for _, world := range []World{worldOf(old, fresh), worldOf(fresh, old)} {
		if owner := world.localOwners()[netip.MustParseAddr("10.42.0.2")]; owner.Name != "fresh" {
			t.Errorf("it is %s's", owner.Name)
		}
	}
}

func TestASelectorThatCannotBeReadIsolatesNobodyAndAllowsNobody(t *testing.T) {
	world := worldOf(podAt("s", "server", "10.42.0.2"), podAt("c", "client", "10.42.0.3"))
	broken := metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: "Like"}}}
	world.Policies[0].Spec.Ingress[0].From[0].PodSelector = &broken
	for name, set := range Translate(world).Sets {
		if strings.HasPrefix(name, "pods") && len(set.Elements) > 0 {
			t.Errorf("%s has %v", name, set.Elements)
		}
	}
}

func TestExceptionsAreToldOnce(t *testing.T) {
	found := strings.Join(disjoint([]string{"10.1.2.0/24", "10.1.0.0/16", "10.2.0.1/16", "nonsense"}), " ")
	if found != "10.1.0.0/16 10.2.0.0/16" {
		t.Error(found)
	}
}

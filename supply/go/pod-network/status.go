package main

import "encoding/json"

// Status is what the box's agent shows of this program; contract/pod-network.ts reads it.
type Status struct {
	// Backend is how packets get from node to node.
	Backend string `json:"backend"`
	// Nodes are the others that this one sends to.
	Nodes int `json:"nodes"`
	// Policies are those of the whole cluster; IsolatedPods those of this node's pods that any of them selects.
	Policies     int `json:"policies"`
	IsolatedPods int `json:"isolatedPods"`
	// Denied are packets that policies dropped, by direction, as of the last look.
	Denied map[string]uint64 `json:"denied"`
	// Problem is what keeps rules or tunnel from being what the cluster says; empty when nothing does.
	Problem string `json:"problem"`
}

// write leaves the file alone when nothing changed.
func (s Status) write(path string, before *string) error {
	text, err := json.Marshal(s)
	if err != nil || string(text) == *before {
		return err
	}
	*before = string(text)
	return writeFile(path, append(text, '\n'), 0o644)
}

// isolatedPods counts the pods of this node that any policy selects.
func isolatedPods(world World, table Table) int {
	isolated := map[string]bool{}
	owners := world.localOwners()
	for _, set := range []string{"ingress4", "ingress6", "egress4", "egress6"} {
		for element := range table.Sets[set].Elements {
			for address, pod := range owners {
				if address.String() == element {
					isolated[pod.Namespace+"/"+pod.Name] = true
				}
			}
		}
	}
	return len(isolated)
}

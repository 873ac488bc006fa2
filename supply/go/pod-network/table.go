package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tableName is a table of our own, beside the firewall's and kube-proxy's: a packet needs the consent of each.
const tableName = "inet cpiab-policy"

// Set is an nftables set, or a map from addresses to the chain that judges them.
type Set struct {
	Type     string
	Elements map[string]string // to the chain; empty in sets
}

// Chain is a list of rules. Base chains have a hook.
type Chain struct {
	Hook    string
	Comment string
	Rules   []string
}

// Table is what the kernel shall have, ready to be compared with what it has.
type Table struct {
	Sets   map[string]Set
	Chains map[string]Chain
}

func newTable() Table { return Table{Sets: map[string]Set{}, Chains: map[string]Chain{}} }

// add puts an element into a set, which is made when there is none.
func (t Table) add(set, kind, element, chain string) {
	if _, ok := t.Sets[set]; !ok {
		t.Sets[set] = Set{Type: kind, Elements: map[string]string{}}
	}
	if element != "" {
		t.Sets[set].Elements[element] = chain
	}
}

// Replacement is the script that makes the kernel have this table, whatever it has.
func (t Table) Replacement() string {
	script := fmt.Sprintf("add table %s\ndelete table %s\nadd table %s\n", tableName, tableName, tableName)
	for _, name := range counters {
		script += fmt.Sprintf("add counter %s %s\n", tableName, name)
	}
	return script + newTable().Change(t)
}

// Change is the script that turns a table into another, in one transaction: elements where only pods
// came and went. It is empty when nothing changes. Source: nft(8); chains go when nothing leads to them.
func (t Table) Change(to Table) string {
	var s script
	for _, name := range added(t.Chains, to.Chains) {
		s.line("add chain %s %s%s", tableName, name, to.Chains[name].options())
	}
	for _, name := range added(t.Sets, to.Sets) {
		s.line("add %s %s %s { type %s; }", to.Sets[name].kind(), tableName, name, to.Sets[name].Type)
	}
	s.rules(t, to)
	s.elements(t, to)
	gone := added(to.Chains, t.Chains)
	for _, name := range gone {
		s.line("flush chain %s %s", tableName, name)
	}
	for _, name := range gone {
		s.line("delete chain %s %s", tableName, name)
	}
	for _, name := range added(to.Sets, t.Sets) {
		s.line("delete %s %s %s", t.Sets[name].kind(), tableName, name)
	}
	return s.String()
}

type script struct{ strings.Builder }

func (s *script) line(format string, values ...any) { fmt.Fprintf(s, format+"\n", values...) }

func (s *script) rules(from, to Table) {
	for _, name := range slices.Sorted(maps.Keys(to.Chains)) {
		if before, ok := from.Chains[name]; ok {
			if slices.Equal(before.Rules, to.Chains[name].Rules) {
				continue
			}
			s.line("flush chain %s %s", tableName, name)
		}
		for _, rule := range to.Chains[name].Rules {
			s.line("add rule %s %s %s", tableName, name, rule)
		}
	}
}

func (s *script) elements(from, to Table) {
	for _, name := range slices.Sorted(maps.Keys(from.Sets)) {
		s.element("delete", name, from.Sets[name].Elements, to.Sets[name].Elements)
	}
	for _, name := range slices.Sorted(maps.Keys(to.Sets)) {
		s.element("add", name, to.Sets[name].Elements, from.Sets[name].Elements)
	}
}

// element writes one command for the elements that the other set has not, or has otherwise.
func (s *script) element(verb, set string, elements, others map[string]string) {
	var words []string
	for _, element := range slices.Sorted(maps.Keys(elements)) {
		chain := elements[element]
		if other, ok := others[element]; ok && other == chain {
			continue
		}
		if chain != "" {
			element += " : goto " + chain
		}
		words = append(words, element)
	}
	if len(words) > 0 {
		s.line("%s element %s %s { %s }", verb, tableName, set, strings.Join(words, ", "))
	}
}

func (s Set) kind() string {
	if strings.Contains(s.Type, ":") {
		return "map"
	}
	return "set"
}

func (c Chain) options() string {
	var options string
	if c.Hook != "" {
		options += c.Hook + "; "
	}
	if c.Comment != "" {
		options += fmt.Sprintf("comment %q; ", c.Comment)
	}
	if options == "" {
		return ""
	}
	return " { " + options + "}"
}

// added lists the names that only the second has, in order.
func added[V any](from, to map[string]V) []string {
	var names []string
	for name := range to {
		if _, ok := from[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

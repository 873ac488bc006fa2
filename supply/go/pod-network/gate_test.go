package main

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// asked runs the plugin for pod team/new as containerd does.
func asked(socket, uid string) (string, error) {
	env := map[string]string{"CNI_COMMAND": "ADD", "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAMESPACE=team;K8S_POD_NAME=new;K8S_POD_UID=" + uid}
	input := `{"socket":"` + socket + `","prevResult":{"ips":[{"address":"10.42.0.7/24"}]}}`
	var output bytes.Buffer
	err := Plugin(func(name string) string { return env[name] }, strings.NewReader(input), &output)
	return output.String(), err
}

func listening(t *testing.T, file string) (*Gate, string, chan struct{}) {
	woken := make(chan struct{}, 10)
	gate, err := NewGate(file, func() { woken <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "socket")
	go gate.Listen(t.Context(), socket)
	return gate, socket, woken
}

func newPod(uid string, told ...netip.Addr) Pod {
	return Pod{Namespace: "team", Name: "new", UID: uid, Told: told}
}

func TestAPodStartsWhenItsRulesAreInForce(t *testing.T) {
	gate, socket, woken := listening(t, filepath.Join(t.TempDir(), "given"))
	result := make(chan string, 1)
	go func() {
		output, err := asked(socket, "1")
		if err != nil {
			output = err.Error()
		}
		result <- output
	}()
	<-woken
	given := gate.Given()
	// Rules of an earlier pod of that name are not its rules.
	if err := gate.Applied(given, []Pod{newPod("0")}); err != nil {
		t.Fatal(err)
	}
	select {
	case output := <-result:
		t.Fatalf("started: %s", output)
	case <-time.After(50 * time.Millisecond):
	}
	if err := gate.Applied(given, []Pod{newPod("1")}); err != nil {
		t.Fatal(err)
	}
	if output := <-result; strings.TrimSpace(output) != `{"ips":[{"address":"10.42.0.7/24"}]}` {
		t.Error(output)
	}
}

func TestAPodDoesNotStartWhenNobodyAnswers(t *testing.T) {
	usual := patience
	patience = 200 * time.Millisecond
	t.Cleanup(func() { patience = usual })
	if output, err := asked(filepath.Join(t.TempDir(), "none"), "1"); err == nil {
		t.Errorf("started: %s", output)
	}
	_, socket, _ := listening(t, filepath.Join(t.TempDir(), "given"))
	if output, err := asked(socket, "1"); err == nil {
		t.Errorf("started without rules: %s", output)
	}
}

func TestWhatWasGivenIsRememberedUntilTheClusterTells(t *testing.T) {
	file := filepath.Join(t.TempDir(), "given")
	gate, err := NewGate(file, func() {})
	if err != nil {
		t.Fatal(err)
	}
	address := netip.MustParseAddr("10.42.0.7")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = gate.admit(ctx, Request{"team", "new", "1", []netip.Addr{address}})
	again, err := NewGate(file, func() {})
	if err != nil || len(again.Given()) != 1 {
		t.Fatalf("remembered %v, %v", again.Given(), err)
	}
	for _, step := range []struct {
		pod  Pod
		kept int
	}{{newPod("1"), 1}, {newPod("1", address), 0}} {
		if err := again.Applied(again.Given(), []Pod{step.pod}); err != nil {
			t.Fatal(err)
		}
		if kept := len(again.Given()); kept != step.kept {
			t.Errorf("kept %d, want %d", kept, step.kept)
		}
	}
}

func TestACNIFileThatFitsIsNotWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "10.conflist")
	network := netip.MustParsePrefix("10.42.3.0/24")
	if err := KeepCNI(path, network, 1450); err != nil {
		t.Fatal("none there:", err)
	}
	if err := os.WriteFile(path, []byte(`{"plugins":[{"type":"bridge","ipam":{"ranges":[[{"subnet":"10.42.0.0/24"}]]}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var texts []string
	var files []os.FileInfo
	for range 2 {
		if err := KeepCNI(path, network, 1450); err != nil {
			t.Fatal(err)
		}
		text, _ := os.ReadFile(path)
		file, _ := os.Stat(path)
		texts, files = append(texts, string(text)), append(files, file)
	}
	if !os.SameFile(files[0], files[1]) || !strings.Contains(texts[0], "10.42.3.0/24") || !strings.Contains(texts[0], "1450") {
		t.Error(texts)
	}
}

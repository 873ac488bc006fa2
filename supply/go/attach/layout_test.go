package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestChainIDsFollowTheImageSpec(t *testing.T) {
	b := newBox(t)
	b.layout(map[string][]string{app: {"base", "top"}})
	images, err := ReadLayout(b.opts.bundle)
	b.must(err)
	layers := images[0].Layers
	// sha256 of "sha256:<base> sha256:<top>", made with sha256sum.
	const top = "sha256:e987e43608b8ced6401b242601ff6fdd28c33714e7b88197f80a98cff639451b"
	if layers[0].Chain != layers[0].Diff || layers[1].Chain != top || layers[1].Parent != layers[0].Chain {
		t.Errorf("%+v", layers)
	}
}

func TestABlobThatDoesNotMatchItsNameIsRefused(t *testing.T) {
	b := newBox(t)
	b.layout(map[string][]string{app: {"base"}})
	images, err := ReadLayout(b.opts.bundle)
	b.must(err)
	config := filepath.Join(b.opts.bundle, "blobs", "sha256", images[0].Config.Encoded())
	data, err := os.ReadFile(config)
	b.must(err)
	b.must(os.WriteFile(config, []byte(strings.Replace(string(data), "linux", "linuX", 1)), 0o644))
	if _, err := ReadLayout(b.opts.bundle); err == nil || !strings.Contains(err.Error(), "does not match its descriptor") {
		t.Errorf("%v", err)
	}
}

func TestRepositoryCutsTagAndDigestButNotAPort(t *testing.T) {
	for name, want := range map[string]string{
		"docker.io/library/app:2":          "docker.io/library/app",
		"host:5000/app":                    "host:5000/app",
		"host:5000/app:1@sha256:" + "aaaa": "host:5000/app",
	} {
		if got := repository(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// box is a bundle, its unpacked layers and, if wanted, a containerd of its own.
type box struct {
	t    *testing.T
	dir  string
	opts options
}

func newBox(t *testing.T) box {
	dir := t.TempDir()
	return box{t, dir, options{
		address: filepath.Join(dir, "c.sock"), namespace: "k8s.io",
		bundle: filepath.Join(dir, "bundle"), layers: filepath.Join(dir, "layers"),
		pinned: "cpiab.dev/oci/pause:1", timeout: time.Minute,
	}}
}

func (b box) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b box) write(data []byte, mediaType string) ocispec.Descriptor {
	dir := filepath.Join(b.opts.bundle, "blobs", "sha256")
	b.must(os.MkdirAll(dir, 0o755))
	d := digest.FromBytes(data)
	b.must(os.WriteFile(filepath.Join(dir, d.Encoded()), data, 0o644))
	return ocispec.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data))}
}

func (b box) marshal(value any) []byte {
	data, err := json.Marshal(value)
	b.must(err)
	return data
}

// layout writes a bundle; each image has one text file per layer name, in a
// directory of the layer's name.
func (b box) layout(images map[string][]string) {
	b.must(os.RemoveAll(b.opts.bundle))
	var index ocispec.Index
	for name, layers := range images {
		var config ocispec.Image
		manifest := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest}
		manifest.SchemaVersion = 2
		config.Architecture, config.OS, config.RootFS.Type = "amd64", "linux", "layers"
		config.Author = name
		for _, layer := range layers {
			diff := digest.FromString(layer)
			dir := filepath.Join(b.opts.layers, diff.Encoded(), "in")
			b.must(os.MkdirAll(dir, 0o755))
			b.must(os.WriteFile(filepath.Join(dir, layer), []byte(layer), 0o644))
			config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, diff)
			manifest.Layers = append(manifest.Layers, ocispec.Descriptor{
				MediaType: ocispec.MediaTypeImageLayerZstd, Digest: digest.FromString("zstd" + layer), Size: 1})
		}
		manifest.Config = b.write(b.marshal(config), ocispec.MediaTypeImageConfig)
		desc := b.write(b.marshal(manifest), ocispec.MediaTypeImageManifest)
		desc.Annotations = map[string]string{nameAnnotation: name}
		index.Manifests = append(index.Manifests, desc)
	}
	b.must(os.WriteFile(filepath.Join(b.opts.bundle, "index.json"), b.marshal(index), 0o644))
}

// containerd starts a daemon on the box's directory and returns what stops it.
func (b box) containerd() func() {
	program := os.Getenv("ATTACH_TEST_CONTAINERD")
	if program == "" || os.Geteuid() != 0 {
		b.t.Skip("skipped: needs root and ATTACH_TEST_CONTAINERD=path of containerd")
	}
	config := fmt.Sprintf("version = 3\nroot = %q\nstate = %q\n[grpc]\naddress = %q\n",
		filepath.Join(b.dir, "root"), filepath.Join(b.dir, "state"), b.opts.address)
	file := filepath.Join(b.dir, "config.toml")
	b.must(os.WriteFile(file, []byte(config), 0o644))
	daemon := exec.Command(program, "-c", file, "-l", "error")
	b.must(daemon.Start())
	stop := func() {
		_ = daemon.Process.Signal(os.Interrupt)
		_ = daemon.Wait()
	}
	b.t.Cleanup(stop)
	return stop
}

func (b box) attach() map[string]result {
	b.t.Helper()
	results := map[string]result{}
	ctx, cancel := context.WithTimeout(context.Background(), b.opts.timeout)
	defer cancel()
	b.must(run(ctx, b.opts, func(r result) { results[r.Image] = r }))
	return results
}

func (b box) store() (*Store, context.Context) {
	store, err := Connect(b.opts.address)
	b.must(err)
	b.t.Cleanup(func() { _ = store.Close() })
	return store, namespaces.WithNamespace(context.Background(), b.opts.namespace)
}

// files mounts the root file system of an image and lists the directory "in".
func (b box) files(name string) string {
	b.t.Helper()
	images, err := ReadLayout(b.opts.bundle)
	b.must(err)
	store, ctx := b.store()
	for _, image := range images {
		if image.Name != name {
			continue
		}
		key := fmt.Sprintf("test-%d", time.Now().UnixNano())
		keep := snapshots.WithLabels(map[string]string{"containerd.io/gc.root": "test"})
		mounts, err := store.snapshots.Prepare(ctx, key, image.Top(), keep)
		b.must(err)
		defer func() { b.must(store.snapshots.Remove(ctx, key)) }()
		target := b.t.TempDir()
		b.must(mount.All(mounts, target))
		defer func() { b.must(mount.UnmountAll(target, 0)) }()
		entries, err := os.ReadDir(filepath.Join(target, "in"))
		b.must(err)
		var names []string
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		return strings.Join(names, " ")
	}
	b.t.Fatalf("no image %s", name)
	return ""
}

const pause, app = "cpiab.dev/oci/pause:1", "docker.io/library/app:2"

func TestAttachedImagesMountAndASecondRunDoesNothing(t *testing.T) {
	b := newBox(t)
	stop := b.containerd()
	b.layout(map[string][]string{pause: {"base"}, app: {"base", "mid", "top"}})
	first := b.attach()
	if added := first[pause].Added + first[app].Added; added != 3 {
		t.Errorf("the shared base must be added once: %d layers added, want 3", added)
	}
	if got := b.files(app); got != "base mid top" {
		t.Errorf("merged files %q", got)
	}
	stop()
	b.containerd()
	for name, r := range b.attach() {
		if r.Action != "unchanged" {
			t.Errorf("%s after a restart: %+v", name, r)
		}
	}
	store, ctx := b.store()
	records, err := store.Records(ctx)
	b.must(err)
	if len(records) != 6 || records[pause].Labels[pinnedLabel] != pinnedValue || records[app].Labels[pinnedLabel] != "" {
		t.Errorf("records %v", records)
	}
}

func TestMovedLayersAreLinkedAgain(t *testing.T) {
	b := newBox(t)
	b.containerd()
	b.layout(map[string][]string{app: {"base", "top"}})
	b.attach()
	moved := filepath.Join(b.dir, "other-medium")
	b.must(os.Rename(b.opts.layers, moved))
	b.opts.layers = moved
	if r := b.attach()[app]; r.Relinked != 2 || r.Added != 0 {
		t.Errorf("%+v", r)
	}
	if got := b.files(app); got != "base top" {
		t.Errorf("merged files %q", got)
	}
}

func TestRemovingAnImageLeavesItsLayerDirectories(t *testing.T) {
	b := newBox(t)
	b.containerd()
	b.layout(map[string][]string{app: {"base", "top"}})
	b.attach()
	store, ctx := b.store()
	images, err := ReadLayout(b.opts.bundle)
	b.must(err)
	for _, name := range recordNames(images[0]) {
		b.must(store.DropRecord(ctx, name))
	}
	_, end, err := store.Lease(ctx) // any synchronous delete collects garbage
	b.must(err)
	b.must(end())
	waitFor(t, "the snapshots to be collected", func() bool {
		s, err := OpenSnapshots(ctx, store.snapshots, b.opts.layers)
		return err == nil && len(s.known) == 0
	})
	if data, err := os.ReadFile(filepath.Join(b.opts.layers, digest.FromString("top").Encoded(), "in", "top")); string(data) != "top" {
		t.Errorf("layer was touched: %q %v", data, err)
	}
	if r := b.attach()[app]; r.Added != 2 || b.files(app) != "base top" {
		t.Errorf("attaching again: %+v", r)
	}
}

func TestImagesOfAnEarlierBundleGoWithTheirLayers(t *testing.T) {
	b := newBox(t)
	b.containerd()
	b.layout(map[string][]string{pause: {"base"}, app: {"base", "old"}})
	b.attach()
	b.layout(map[string][]string{pause: {"base"}})
	if r := b.attach()[app]; r.Action != "" {
		t.Errorf("an image whose layers are there must stay: %+v", r)
	}
	b.must(os.RemoveAll(filepath.Join(b.opts.layers, digest.FromString("old").Encoded())))
	if r := b.attach()[app]; r.Action != "removed" {
		t.Errorf("%+v", r)
	}
	store, ctx := b.store()
	records, err := store.Records(ctx)
	b.must(err)
	if len(records) != 3 {
		t.Errorf("records %v", records)
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("gave up waiting for %s", what)
}

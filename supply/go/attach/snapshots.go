package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/opencontainers/go-digest"
)

const (
	snapshotterName = "overlayfs"
	// linkLabel marks a snapshot that is a link made here, and holds the path of
	// that link: containerd tells a snapshot's path only while it is active.
	linkLabel = "dev.cpiab.attach.link"
	// parentLabel is containerd's own (core/unpack), not exported.
	parentLabel = "containerd.io/snapshot/parent-chain-id"
)

// Attached counts what had to be done for the layers of one image.
type Attached struct {
	Added, Relinked int
}

// Snapshots adds layers to containerd's overlayfs snapshotter as links to
// directories that exist elsewhere, read-only and already unpacked.
//
// The snapshotter keeps layer N in snapshots/N/fs and uses that path for lstat
// (disk usage at commit), as overlay lowerdir or bind source (both follow a
// link), and in os.RemoveAll of snapshots/N, which removes the link alone.
type Snapshots struct {
	store     snapshots.Snapshotter
	layersDir string
	known     map[string]snapshots.Info // by chain ID
}

// OpenSnapshots lists what the snapshotter has, in one call.
func OpenSnapshots(ctx context.Context, store snapshots.Snapshotter, layersDir string) (*Snapshots, error) {
	known := map[string]snapshots.Info{}
	err := store.Walk(ctx, func(_ context.Context, info snapshots.Info) error {
		known[info.Name] = info
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	return &Snapshots{store, layersDir, known}, nil
}

// Attach makes every layer a committed snapshot, base first.
func (s *Snapshots) Attach(ctx context.Context, layers []Layer) (Attached, error) {
	var done Attached
	for _, layer := range layers {
		target, err := s.directory(layer.Diff)
		if err != nil {
			return done, err
		}
		if info, exists := s.known[layer.Chain]; exists {
			changed, err := relink(info.Labels[linkLabel], target)
			if err != nil {
				return done, fmt.Errorf("layer %s: %w", layer.Diff, err)
			}
			if changed {
				done.Relinked++
			}
			continue
		}
		if err := s.add(ctx, layer, target); err != nil {
			return done, fmt.Errorf("layer %s: %w", layer.Diff, err)
		}
		done.Added++
	}
	return done, nil
}

// directory returns where the layer lies unpacked, and fails if it cannot be read.
func (s *Snapshots) directory(diff string) (string, error) {
	path := filepath.Join(s.layersDir, digest.Digest(diff).Encoded())
	if _, err := os.ReadDir(path); err != nil {
		return "", fmt.Errorf("layer %s is not unpacked: %w", diff, err)
	}
	return path, nil
}

func (s *Snapshots) add(ctx context.Context, layer Layer, target string) error {
	labels := map[string]string{
		snapshots.LabelSnapshotRef:    layer.Chain,
		snapshots.LabelSnapshotDiffID: layer.Diff,
	}
	if layer.Parent != "" {
		labels[parentLabel] = layer.Parent
	}
	// A name of its own for each try, as a killed run leaves its snapshot behind
	// until the lease ends.
	key := fmt.Sprintf(snapshots.UnpackKeyFormat, fmt.Sprintf("attach-%d", time.Now().UnixNano()), layer.Chain)
	mounts, err := s.store.Prepare(ctx, key, layer.Parent)
	if err != nil {
		return fmt.Errorf("prepare snapshot: %w", err)
	}
	link, err := upperDir(mounts)
	if err == nil {
		err = replaceByLink(link, target)
	}
	if err != nil {
		return errors.Join(err, s.store.Remove(ctx, key))
	}
	labels[linkLabel] = link
	if err := s.store.Commit(ctx, layer.Chain, key, snapshots.WithLabels(labels)); err != nil {
		return errors.Join(fmt.Errorf("commit snapshot: %w", err), s.store.Remove(ctx, key))
	}
	s.known[layer.Chain] = snapshots.Info{Name: layer.Chain, Parent: layer.Parent, Labels: labels}
	return nil
}

// Dangling tells whether a chain has a linked layer whose directory is gone.
// A chain that the snapshotter doesn't have is not dangling: nothing can trip over it.
func (s *Snapshots) Dangling(chain string) bool {
	for chain != "" {
		info := s.known[chain]
		if link := info.Labels[linkLabel]; link != "" {
			if _, err := os.Stat(link); err != nil {
				return true
			}
		}
		chain = info.Parent
	}
	return false
}

// upperDir returns where a snapshot being made keeps its files: the source of a
// bind mount (base layer) or the upperdir of an overlay.
func upperDir(mounts []mount.Mount) (string, error) {
	if len(mounts) != 1 {
		return "", fmt.Errorf("want one mount from the snapshotter, have %d", len(mounts))
	}
	if mounts[0].Type == "bind" {
		return mounts[0].Source, nil
	}
	for _, option := range mounts[0].Options {
		if dir, found := strings.CutPrefix(option, "upperdir="); found {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%s mount without an upperdir", mounts[0].Type)
}

// replaceByLink puts a link in the place of an empty directory.
func replaceByLink(dir, target string) error {
	if err := os.Remove(dir); err != nil {
		return err
	}
	return os.Symlink(target, dir)
}

// relink points an existing link to target and tells whether it had to. A
// snapshot without a link was unpacked by containerd itself and is left alone.
func relink(link, target string) (bool, error) {
	if link == "" {
		return false, nil
	}
	current, err := os.Readlink(link)
	if err == nil && current == target {
		return false, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("snapshot is not a link any more: %w", err)
	}
	// Through a new name, so that a power cut leaves the old link or the new one.
	fresh := link + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	if err := os.Symlink(target, fresh); err != nil {
		return false, err
	}
	return true, os.Rename(fresh, link)
}

package main

import (
	"context"
	"slices"
	"sort"

	imagesapi "github.com/containerd/containerd/api/services/images/v1"
	"github.com/opencontainers/go-digest"
)

// session holds what containerd had at the start, kept up to date, so that an
// image that is in place costs no call at all.
type session struct {
	store     *Store
	snapshots *Snapshots
	contents  map[digest.Digest]map[string]string
	records   map[string]*imagesapi.Image
}

// attach makes one image complete: blobs, snapshots, then the names. So a name
// never points to something that is not there.
func (s session) attach(ctx context.Context, image Image, pinned bool) (result, error) {
	done := result{Image: image.Name, Digest: image.Target.Digest.String(), Action: "unchanged", Layers: len(image.Layers)}
	layers, err := s.snapshots.Attach(ctx, image.Layers)
	if err != nil {
		return done, err
	}
	done.Added, done.Relinked = layers.Added, layers.Relinked
	for _, blob := range image.Blobs {
		if err := s.store.PutBlob(ctx, blob, s.contents); err != nil {
			return done, err
		}
	}
	labels := map[string]string{managedLabel: managedValue, chainLabel: image.Top()}
	if pinned {
		labels[pinnedLabel] = pinnedValue
	}
	changed := layers != Attached{}
	for _, name := range recordNames(image) {
		put, err := s.store.PutRecord(ctx, name, image.Target, labels, s.records)
		if err != nil {
			return done, err
		}
		changed = changed || put
	}
	if changed {
		done.Action = "attached"
	}
	return done, nil
}

// prune removes the records made for an earlier bundle whose layers are gone:
// containerd would take such an image as present, and no container of it could
// start. Records whose layers can still be read stay.
func (s session) prune(ctx context.Context, wanted []string, report func(result)) error {
	var stale []string
	for name, record := range s.records {
		chain := record.Labels[chainLabel]
		if chain != "" && !slices.Contains(wanted, name) && s.snapshots.Dangling(chain) {
			stale = append(stale, name)
		}
	}
	sort.Strings(stale)
	for _, name := range stale {
		if err := s.store.DropRecord(ctx, name); err != nil {
			return err
		}
		report(result{Image: name, Action: "removed"})
	}
	return nil
}

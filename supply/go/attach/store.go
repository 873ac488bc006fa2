package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	contentapi "github.com/containerd/containerd/api/services/content/v1"
	imagesapi "github.com/containerd/containerd/api/services/images/v1"
	leasesapi "github.com/containerd/containerd/api/services/leases/v1"
	snapshotsapi "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/api/types"
	"github.com/containerd/containerd/v2/core/content"
	contentproxy "github.com/containerd/containerd/v2/core/content/proxy"
	"github.com/containerd/containerd/v2/core/leases"
	leasesproxy "github.com/containerd/containerd/v2/core/leases/proxy"
	"github.com/containerd/containerd/v2/core/snapshots"
	snapshotsproxy "github.com/containerd/containerd/v2/core/snapshots/proxy"
	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

const (
	managedLabel, managedValue = "io.cri-containerd.image", "managed"
	pinnedLabel, pinnedValue   = "io.cri-containerd.pinned", "pinned"
	// chainLabel marks an image record made here and holds its top chain ID.
	chainLabel = "dev.cpiab.attach.chain"
)

// Store is what attach uses of a running containerd. It speaks to the services
// directly: containerd's client package would double the program's size.
type Store struct {
	conn      *grpc.ClientConn
	images    imagesapi.ImagesClient
	content   content.Store
	leases    leases.Manager
	snapshots snapshots.Snapshotter
}

// Connect opens containerd's socket; the first call waits until it is served.
func Connect(address string) (*Store, error) {
	conn, err := grpc.NewClient("unix:"+address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: time.Second}))
	if err != nil {
		return nil, err
	}
	return &Store{
		conn:      conn,
		images:    imagesapi.NewImagesClient(conn),
		content:   contentproxy.NewContentStore(contentapi.NewContentClient(conn)),
		leases:    leasesproxy.NewLeaseManager(leasesapi.NewLeasesClient(conn)),
		snapshots: snapshotsproxy.NewSnapshotter(snapshotsapi.NewSnapshotsClient(conn), snapshotterName),
	}, nil
}

// Close closes the connection.
func (s *Store) Close() error { return s.conn.Close() }

// Lease keeps the garbage collector off what is made with the returned context
// until end is called. It ends by itself after an hour, should we be killed.
func (s *Store) Lease(ctx context.Context) (_ context.Context, end func() error, _ error) {
	lease, err := s.leases.Create(ctx, leases.WithRandomID(), leases.WithExpiration(time.Hour))
	if err != nil {
		return nil, nil, fmt.Errorf("create lease: %w", err)
	}
	return leases.WithLease(ctx, lease.ID), func() error { return s.leases.Delete(ctx, lease) }, nil
}

// Contents returns the labels of every blob that containerd has.
func (s *Store) Contents(ctx context.Context) (map[digest.Digest]map[string]string, error) {
	have := map[digest.Digest]map[string]string{}
	err := s.content.Walk(ctx, func(info content.Info) error {
		have[info.Digest] = info.Labels
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list content: %w", err)
	}
	return have, nil
}

// PutBlob writes a blob, or adds the labels that an existing one lacks.
func (s *Store) PutBlob(ctx context.Context, blob Blob, have map[digest.Digest]map[string]string) error {
	labels, exists := have[blob.Desc.Digest]
	if !exists {
		ref := "attach-" + blob.Desc.Digest.String()
		if err := content.WriteBlob(ctx, s.content, ref, bytes.NewReader(blob.Data), blob.Desc, content.WithLabels(blob.Labels)); err != nil {
			return fmt.Errorf("write blob %s: %w", blob.Desc.Digest, err)
		}
		have[blob.Desc.Digest] = blob.Labels
		return nil
	}
	if contains(labels, blob.Labels) {
		return nil
	}
	var fields []string
	for key := range blob.Labels {
		fields = append(fields, "labels."+key)
	}
	if _, err := s.content.Update(ctx, content.Info{Digest: blob.Desc.Digest, Labels: blob.Labels}, fields...); err != nil {
		return fmt.Errorf("label blob %s: %w", blob.Desc.Digest, err)
	}
	return nil
}

// Records returns all image records by name.
func (s *Store) Records(ctx context.Context) (map[string]*imagesapi.Image, error) {
	list, err := s.images.List(ctx, &imagesapi.ListImagesRequest{})
	if err != nil {
		return nil, fmt.Errorf("list images: %w", err)
	}
	records := map[string]*imagesapi.Image{}
	for _, record := range list.Images {
		records[record.Name] = record
	}
	return records, nil
}

// recordNames lists the names under which CRI looks for an image: its ID, its
// reference by digest and, last, as the sign that all is ready, its name.
func recordNames(image Image) []string {
	return []string{image.Config.String(), repository(image.Name) + "@" + image.Target.Digest.String(), image.Name}
}

// repository cuts tag and digest off a full reference.
func repository(name string) string {
	name, _, _ = strings.Cut(name, "@")
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name = name[:colon]
	}
	return name
}

// PutRecord creates or corrects one image record and tells whether it had to.
func (s *Store) PutRecord(ctx context.Context, name string, target ocispec.Descriptor, labels map[string]string, have map[string]*imagesapi.Image) (bool, error) {
	old := have[name]
	if old != nil && old.Target.GetDigest() == target.Digest.String() && contains(old.Labels, labels) {
		return false, nil
	}
	record := &imagesapi.Image{Name: name, Labels: maps.Clone(labels), Target: &types.Descriptor{
		MediaType: target.MediaType, Digest: target.Digest.String(), Size: target.Size,
	}}
	have[name] = record
	if old == nil {
		_, err := s.images.Create(ctx, &imagesapi.CreateImageRequest{Image: record})
		return true, err
	}
	mask := []string{"target"}
	for key := range labels {
		mask = append(mask, "labels."+key)
	}
	_, err := s.images.Update(ctx, &imagesapi.UpdateImageRequest{Image: record, UpdateMask: &fieldmaskpb.FieldMask{Paths: mask}})
	return true, err
}

// DropRecord removes an image record; one that is gone already is no error.
func (s *Store) DropRecord(ctx context.Context, name string) error {
	_, err := s.images.Delete(ctx, &imagesapi.DeleteImageRequest{Name: name})
	if err != nil && !errdefs.IsNotFound(errgrpc.ToNative(err)) {
		return fmt.Errorf("remove image %s: %w", name, err)
	}
	return nil
}

func contains(labels, wanted map[string]string) bool {
	for key, value := range wanted {
		if labels[key] != value {
			return false
		}
	}
	return true
}

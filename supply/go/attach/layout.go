package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/identity"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// nameAnnotation holds an image's full reference on a descriptor of index.json,
// as `ctr image export` writes it.
const nameAnnotation = "io.containerd.image.name"

// Blob is a manifest, config or index that containerd must own.
type Blob struct {
	Desc   ocispec.Descriptor
	Data   []byte
	Labels map[string]string // what containerd's garbage collector must keep with it
}

// Image is one named image of a layout, as containerd will know it.
type Image struct {
	Name   string
	Target ocispec.Descriptor // what the name points to: a manifest or an index
	Config digest.Digest      // CRI's image ID
	Blobs  []Blob             // children first
	Layers []Layer            // base first
}

// Layer is one unpacked layer. Chain names it together with all layers below it
// (image-spec config.md, "Layer ChainID"); Parent is the chain below, or "".
type Layer struct {
	Diff, Chain, Parent string
}

// Top returns the chain ID of the whole root file system.
func (i Image) Top() string {
	return i.Layers[len(i.Layers)-1].Chain
}

// ReadLayout returns the named images of the OCI image layout in dir, in the
// order of index.json. Descriptors without a name are not images and skipped.
// Every blob read is checked against its digest and size.
func ReadLayout(dir string) ([]Image, error) {
	raw, err := os.ReadFile(filepath.Join(dir, ocispec.ImageIndexFile))
	if err != nil {
		return nil, err
	}
	var index ocispec.Index
	if err := json.Unmarshal(raw, &index); err != nil {
		return nil, fmt.Errorf("%s is not an OCI index: %w", filepath.Join(dir, ocispec.ImageIndexFile), err)
	}
	var images []Image
	for _, desc := range index.Manifests {
		name := desc.Annotations[nameAnnotation]
		if name == "" {
			continue
		}
		image, err := readImage(dir, name, desc)
		if err != nil {
			return nil, fmt.Errorf("image %s: %w", name, err)
		}
		images = append(images, image)
	}
	return images, nil
}

func readImage(dir, name string, target ocispec.Descriptor) (Image, error) {
	target.Annotations = nil // local to index.json; containerd keeps targets bare
	image := Image{Name: name, Target: target}
	manifestDesc := target
	var indexBlob *Blob
	if target.MediaType == ocispec.MediaTypeImageIndex || target.MediaType == dockerManifestList {
		blob, child, err := readIndex(dir, target)
		if err != nil {
			return Image{}, err
		}
		indexBlob, manifestDesc = &blob, child
	}
	var manifest ocispec.Manifest
	manifestData, err := readJSON(dir, manifestDesc, &manifest)
	if err != nil {
		return Image{}, err
	}
	var config ocispec.Image
	configData, err := readJSON(dir, manifest.Config, &config)
	if err != nil {
		return Image{}, err
	}
	if image.Layers, err = layersOf(manifest, config); err != nil {
		return Image{}, err
	}
	image.Config = manifest.Config.Digest
	image.Blobs = []Blob{
		{manifest.Config, configData, map[string]string{"containerd.io/gc.ref.snapshot." + snapshotterName: image.Top()}},
		{manifestDesc, manifestData, map[string]string{"containerd.io/gc.ref.content.config": image.Config.String()}},
	}
	if indexBlob != nil {
		image.Blobs = append(image.Blobs, *indexBlob)
	}
	return image, nil
}

// layersOf pairs diff IDs with chain IDs. The compressed layers of the manifest
// are never read, but a different count means a wrong config.
func layersOf(manifest ocispec.Manifest, config ocispec.Image) ([]Layer, error) {
	diffs := config.RootFS.DiffIDs
	if len(diffs) == 0 {
		return nil, errors.New("config has no layers")
	}
	if len(diffs) != len(manifest.Layers) {
		return nil, fmt.Errorf("manifest has %d layers, config has %d", len(manifest.Layers), len(diffs))
	}
	layers := make([]Layer, len(diffs))
	parent := ""
	for n, chain := range identity.ChainIDs(append([]digest.Digest{}, diffs...)) {
		if err := diffs[n].Validate(); err != nil {
			return nil, fmt.Errorf("diff ID %q: %w", diffs[n], err)
		}
		layers[n] = Layer{Diff: diffs[n].String(), Chain: chain.String(), Parent: parent}
		parent = chain.String()
	}
	return layers, nil
}

const dockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json"

// readIndex returns the blob of a multi-platform index and the one manifest in
// it that this machine runs.
func readIndex(dir string, desc ocispec.Descriptor) (Blob, ocispec.Descriptor, error) {
	var index ocispec.Index
	data, err := readJSON(dir, desc, &index)
	if err != nil {
		return Blob{}, ocispec.Descriptor{}, err
	}
	host := platforms.Default()
	for _, child := range index.Manifests {
		if child.Platform != nil && host.Match(*child.Platform) {
			labels := map[string]string{"containerd.io/gc.ref.content.m.0": child.Digest.String()}
			return Blob{desc, data, labels}, child, nil
		}
	}
	return Blob{}, ocispec.Descriptor{}, fmt.Errorf("index %s has no manifest for %s", desc.Digest, platforms.DefaultString())
}

// readJSON reads a blob of the layout, verifies and parses it.
func readJSON(dir string, desc ocispec.Descriptor, into any) ([]byte, error) {
	if err := desc.Digest.Validate(); err != nil {
		return nil, fmt.Errorf("digest %q: %w", desc.Digest, err)
	}
	data, err := os.ReadFile(filepath.Join(dir, ocispec.ImageBlobsDir, desc.Digest.Algorithm().String(), desc.Digest.Encoded()))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) != desc.Size || desc.Digest.Algorithm().FromBytes(data) != desc.Digest {
		return nil, fmt.Errorf("blob %s does not match its descriptor", desc.Digest)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return nil, fmt.Errorf("blob %s: %w", desc.Digest, err)
	}
	return data, nil
}

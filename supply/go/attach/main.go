// Command attach makes the images of an OCI layout known to a running
// containerd without unpacking them: their layers lie unpacked on a read-only
// medium, and each becomes a snapshot that is a link to its directory. So a
// box starts 300 MB of images in a moment and never stores them twice.
//
// It is idempotent, and must run again after every boot, as the medium may be
// found under another path or carry other images.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/containerd/containerd/v2/pkg/namespaces"
)

type options struct {
	address, namespace, bundle, layers, pinned string
	json                                       bool
	timeout                                    time.Duration
}

// result is one line of output. Layers counts all layers of the image, Added
// and Relinked those that were not in place.
type result struct {
	Image    string `json:"image"`
	Digest   string `json:"digest,omitempty"`
	Action   string `json:"action"` // attached, unchanged or removed
	Layers   int    `json:"layers"`
	Added    int    `json:"added"`
	Relinked int    `json:"relinked"`
}

func main() {
	opts, err := parse(os.Args[1:])
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "attach:", err)
		}
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, opts.timeout)
	defer cancel()
	if err := run(ctx, opts, func(r result) { printResult(r, opts.json) }); err != nil {
		fmt.Fprintln(os.Stderr, "attach:", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("attach", flag.ContinueOnError)
	flags.StringVar(&o.address, "address", "/run/containerd/containerd.sock", "containerd's `socket`")
	flags.StringVar(&o.namespace, "namespace", "k8s.io", "containerd `namespace`")
	flags.StringVar(&o.bundle, "bundle", "", "OCI image layout `directory`; its index.json names the images")
	flags.StringVar(&o.layers, "layers", "", "`directory` of unpacked layers, each named by the hex of its diff ID")
	flags.StringVar(&o.pinned, "pinned", "", "`reference` of the image that must never be collected (the sandbox image)")
	flags.BoolVar(&o.json, "json", false, "print one JSON object a line")
	flags.DurationVar(&o.timeout, "timeout", 2*time.Minute, "give up after this `time`")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.bundle == "" || o.layers == "" || flags.NArg() > 0 {
		return o, errors.New("want --bundle DIRECTORY --layers DIRECTORY and no other arguments")
	}
	// Links are followed from the snapshotter's directory.
	layers, err := filepath.Abs(o.layers)
	o.layers = layers
	return o, err
}

// run attaches every image, then removes earlier ones whose layers are gone.
func run(ctx context.Context, opts options, report func(result)) error {
	images, err := ReadLayout(opts.bundle)
	if err != nil {
		return err
	}
	store, err := Connect(opts.address)
	if err != nil {
		return err
	}
	defer store.Close()
	ctx = namespaces.WithNamespace(ctx, opts.namespace)
	leased, end, err := store.Lease(ctx)
	if err != nil {
		return fmt.Errorf("containerd at %s: %w", opts.address, err)
	}
	err = attachAll(leased, store, images, opts, report)
	return errors.Join(err, end())
}

func attachAll(ctx context.Context, store *Store, images []Image, opts options, report func(result)) error {
	snapshots, err := OpenSnapshots(ctx, store.snapshots, opts.layers)
	if err != nil {
		return err
	}
	contents, err := store.Contents(ctx)
	if err != nil {
		return err
	}
	records, err := store.Records(ctx)
	if err != nil {
		return err
	}
	session := session{store, snapshots, contents, records}
	var names []string
	for _, image := range images {
		done, err := session.attach(ctx, image, image.Name == opts.pinned)
		if err != nil {
			return fmt.Errorf("image %s: %w", image.Name, err)
		}
		names = append(names, recordNames(image)...)
		report(done)
	}
	return session.prune(ctx, names, report)
}

func printResult(r result, asJSON bool) {
	if !asJSON {
		fmt.Printf("%-9s %s (%d layers, %d added, %d relinked)\n", r.Action, r.Image, r.Layers, r.Added, r.Relinked)
		return
	}
	line, err := json.Marshal(r)
	if err != nil {
		panic(err) // a struct of strings and numbers
	}
	fmt.Println(string(line))
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// names of the files, and what is in each.
const (
	certificateFile = "svid.pem"
	keyFile         = "key.pem"
	bundleFile      = "bundle.pem"
	current         = "..data"
)

// identity is a set of files that belong together.
type identity struct {
	svid   *x509svid.SVID
	bundle *x509bundle.Bundle
}

// files is a directory whose three files change at once: they are links into
// one directory, which one link names, as kubelet does it with its volumes.
type files struct {
	dir string

	lock   sync.Mutex
	target string
	loaded *identity
}

// write puts papers in place of those that are there.
func (f *files) write(p papers) error {
	name := ".." + strconv.FormatInt(time.Now().UnixNano(), 10)
	fresh := filepath.Join(f.dir, name)
	if err := os.Mkdir(fresh, 0o750); err != nil {
		return err
	}
	contents := map[string][]byte{certificateFile: p.certificates, keyFile: p.key, bundleFile: p.bundle}
	for file, content := range contents {
		if err := writeSynced(filepath.Join(fresh, file), content); err != nil {
			return err
		}
	}
	if err := syncDirectory(fresh); err != nil {
		return err
	}
	if err := link(f.dir, current, name); err != nil {
		return err
	}
	for file := range contents {
		if err := link(f.dir, file, filepath.Join(current, file)); err != nil {
			return err
		}
	}
	if err := syncDirectory(f.dir); err != nil {
		return err
	}
	return f.removeOthers(name)
}

// removeOthers takes away what came before, and what was cut off.
func (f *files) removeOthers(kept string) error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		old := entry.IsDir() && strings.HasPrefix(entry.Name(), "..") && entry.Name() != kept
		if old {
			if err := os.RemoveAll(filepath.Join(f.dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// load reads the set that is there, and checks that it is one: key and
// certificate belong together, and the chain leads to the bundle now.
func (f *files) load() (*identity, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	target, err := os.Readlink(filepath.Join(f.dir, current))
	if err != nil {
		return nil, err
	}
	if f.loaded == nil || target != f.target {
		if f.loaded, err = read(filepath.Join(f.dir, target)); err != nil {
			return nil, err
		}
		f.target = target
	}
	if _, _, err := x509svid.Verify(f.loaded.svid.Certificates, f.loaded.bundle); err != nil {
		return nil, err
	}
	return f.loaded, nil
}

func read(dir string) (*identity, error) {
	svid, err := x509svid.Load(filepath.Join(dir, certificateFile), filepath.Join(dir, keyFile))
	if err != nil {
		return nil, err
	}
	bundle, err := x509bundle.Load(svid.ID.TrustDomain(), filepath.Join(dir, bundleFile))
	if err != nil {
		return nil, err
	}
	return &identity{svid: svid, bundle: bundle}, nil
}

// GetX509SVID makes the files a source of TLS configurations: each handshake
// has what lies there then.
func (f *files) GetX509SVID() (*x509svid.SVID, error) {
	own, err := f.load()
	if err != nil {
		return nil, err
	}
	return own.svid, nil
}

func (f *files) GetX509BundleForTrustDomain(domain spiffeid.TrustDomain) (*x509bundle.Bundle, error) {
	own, err := f.load()
	if err != nil {
		return nil, err
	}
	if own.bundle.TrustDomain() != domain {
		return nil, fmt.Errorf("trust domain %s is not this one's", domain)
	}
	return own.bundle, nil
}

func writeSynced(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Sync(), file.Close())
}

// link sets a symbolic link, also in place of one that is there.
func link(dir, name, to string) error {
	fresh := filepath.Join(dir, name+".new")
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(to, fresh); err != nil {
		return err
	}
	return os.Rename(fresh, filepath.Join(dir, name))
}

func syncDirectory(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

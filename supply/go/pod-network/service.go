package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// settle is how long changes are gathered before rules are made of them.
	settle = 20 * time.Millisecond
	// look is how often the kernel is looked at when nothing changes.
	look = time.Minute
	// retry is how soon what failed is tried again.
	retry = 2 * time.Second
)

// Service keeps one node's rules and tunnel what the cluster says.
type Service struct {
	settings Settings
	files    files
	dirty    chan struct{}
	gate     *Gate
	cluster  *Cluster
	kernel   Kernel
	tunnel   Tunnel
	// What was applied last; nothing is done again that is in place.
	own      Peer
	peers    []Peer
	told     string
	denied   map[string]uint64
	problem  string
	nextLook time.Time
}

type files struct{ settings, kubeconfig, cni, run string }

// Serve runs until the context ends. Rules stay in the kernel after that.
func Serve(ctx context.Context, files files) error {
	settings, err := ReadSettings(files.settings)
	if err != nil {
		return err
	}
	s := &Service{settings: settings, files: files, dirty: make(chan struct{}, 1), denied: map[string]uint64{"ingress": 0, "egress": 0}}
	s.tunnel = Tunnel{backend: settings.Backend}
	if settings.Backend == wireguard {
		if s.tunnel.keys, err = newKeys(filepath.Join(files.run, "wireguard.key")); err != nil {
			return err
		}
	}
	if err := s.fitCNI(Peer{}); err != nil {
		return err
	}
	if s.gate, err = NewGate(filepath.Join(files.run, "given.json"), s.wake); err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- s.gate.Listen(ctx, filepath.Join(files.run, "pod-network.sock")) }()
	if err := s.connect(ctx); err != nil {
		return ignoreEnd(ctx, err)
	}
	return ignoreEnd(ctx, s.loop(ctx, failed))
}

// connect waits for the identity that kubeadm makes, then for the cluster.
func (s *Service) connect(ctx context.Context) error {
	for {
		_, err := os.Stat(s.files.kubeconfig)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := sleep(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
	cluster, err := Connect(s.files.kubeconfig, s.wake)
	if err != nil {
		return err
	}
	s.cluster = cluster
	return cluster.Run(ctx)
}

func (s *Service) loop(ctx context.Context, failed <-chan error) error {
	s.wake()
	var again <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-failed:
			return fmt.Errorf("socket: %w", err)
		case <-s.dirty:
		case <-again:
		}
		if err := sleep(ctx, settle); err != nil {
			return err
		}
		err := s.round(ctx)
		s.report(err)
		again = time.After(look)
		if err != nil {
			again = time.After(retry)
		}
	}
}

// round makes everything what the cluster says. Policies come first: pods wait for these.
func (s *Service) round(ctx context.Context) error {
	given := s.gate.Given()
	world := s.cluster.World(s.settings.Node, given)
	table := Translate(world)
	if time.Now().After(s.nextLook) {
		s.lookAtKernel(ctx)
	}
	if err := s.kernel.Set(ctx, table); err != nil {
		return err
	}
	err := s.gate.Applied(given, world.Pods)
	own, peers := s.cluster.Peers(s.settings.Node)
	err = errors.Join(err, s.fitCNI(own), s.connectNodes(ctx, own, peers))
	status := Status{
		Backend:      s.settings.Backend,
		Nodes:        len(peers),
		Policies:     len(world.Policies),
		IsolatedPods: isolatedPods(world, table),
		Denied:       s.denied,
	}
	if err != nil {
		status.Problem = err.Error()
	}
	return errors.Join(err, status.write(filepath.Join(s.files.run, "status.json"), &s.told))
}

// lookAtKernel reads the counters, and finds out whether somebody else changed what is ours.
func (s *Service) lookAtKernel(ctx context.Context) {
	s.nextLook = time.Now().Add(look)
	s.peers = nil
	if !s.kernel.known {
		return
	}
	if denied, err := s.kernel.Denied(ctx); err == nil {
		s.denied = denied
	}
}

func (s *Service) connectNodes(ctx context.Context, own Peer, peers []Peer) error {
	if own.Name == "" || (own == s.own && slices.Equal(peers, s.peers)) {
		return nil
	}
	s.own, s.peers = Peer{}, nil
	if s.settings.Backend == wireguard && own.Key != s.tunnel.keys.public() {
		if err := s.cluster.TellKey(ctx, own.Name, s.tunnel.keys.public()); err != nil {
			return fmt.Errorf("key of this node: %w", err)
		}
	}
	mtu, err := podMTU(s.settings.Backend)
	if err != nil {
		return err
	}
	if err := s.tunnel.Apply(own, peers, mtu); err != nil {
		return err
	}
	if err := admitNodes(ctx, peers); err != nil {
		return err
	}
	s.own, s.peers = own, peers
	return nil
}

func (s *Service) fitCNI(own Peer) error {
	mtu, err := podMTU(s.settings.Backend)
	if err != nil {
		return err
	}
	return KeepCNI(s.files.cni, own.Network, mtu)
}

func (s *Service) wake() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

// report logs a problem when it begins and when it ends.
func (s *Service) report(err error) {
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	if problem != s.problem && problem != "" {
		slog.Error("not all is in place", "problem", problem)
	} else if problem != s.problem {
		slog.Info("all is in place again")
	}
	s.problem = problem
}

func sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(duration):
		return nil
	}
}

func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

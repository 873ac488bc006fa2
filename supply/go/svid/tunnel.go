package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
)

const (
	handshake = 10 * time.Second
	connect   = 10 * time.Second
	// mostConnections at once; further ones wait in the kernel's queue.
	mostConnections = 512
)

// serve takes TLS connections of peers, and carries what they say to a plain address.
func serve(ctx context.Context, o options) error {
	own := &files{dir: o.dir}
	config := tlsconfig.MTLSServerConfig(own, own, onlyPeers(own, o.peers))
	config.MinVersion = tls.VersionTLS13
	return carry(ctx, o.listen, func(incoming net.Conn) error {
		secure := tls.Server(incoming, config)
		if err := shake(ctx, secure); err != nil {
			return err
		}
		outgoing, err := (&net.Dialer{Timeout: connect}).DialContext(ctx, "tcp", o.to)
		if err != nil {
			return err
		}
		return join(secure, outgoing.(*net.TCPConn))
	})
}

// dial takes plain connections, and carries what they say over TLS to a peer.
func dial(ctx context.Context, o options) error {
	own := &files{dir: o.dir}
	config := tlsconfig.MTLSClientConfig(own, own, onlyPeers(own, o.peers))
	config.MinVersion = tls.VersionTLS13
	return carry(ctx, o.listen, func(incoming net.Conn) error {
		outgoing, err := (&net.Dialer{Timeout: connect}).DialContext(ctx, "tcp", o.to)
		if err != nil {
			return err
		}
		defer outgoing.Close()
		secure := tls.Client(outgoing, config)
		if err := shake(ctx, secure); err != nil {
			return err
		}
		return join(secure, incoming.(*net.TCPConn))
	})
}

// onlyPeers lets those through whose path is one of some, in the trust domain of this workload.
func onlyPeers(own *files, paths []string) tlsconfig.Authorizer {
	return func(id spiffeid.ID, _ [][]*x509.Certificate) error {
		svid, err := own.GetX509SVID()
		if err != nil {
			return err
		}
		if id.MemberOf(svid.ID.TrustDomain()) && slices.Contains(paths, id.Path()) {
			return nil
		}
		return fmt.Errorf("%s may not be at the other end", id)
	}
}

func shake(ctx context.Context, secure *tls.Conn) error {
	limited, cancel := context.WithTimeout(ctx, handshake)
	defer cancel()
	return secure.HandshakeContext(limited)
}

// carry handles each connection, and ends all of them when it is told to stop.
func carry(ctx context.Context, address string, handle func(net.Conn) error) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	places := make(chan struct{}, mostConnections)
	for {
		places <- struct{}{}
		incoming, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer func() { <-places }()
			defer incoming.Close()
			defer context.AfterFunc(ctx, func() { incoming.Close() })()
			if err := handle(incoming); err != nil && ctx.Err() == nil {
				fmt.Fprintf(os.Stderr, "svid: %s: %v\n", incoming.RemoteAddr(), err)
			}
		}()
	}
}

// join copies both ways until both have ended; the end of one side is told to the other.
func join(secure *tls.Conn, plain *net.TCPConn) error {
	defer secure.Close()
	defer plain.Close()
	var wait sync.WaitGroup
	var inward error
	wait.Go(func() {
		_, inward = io.Copy(plain, secure)
		plain.CloseWrite()
		if inward != nil {
			plain.Close()
		}
	})
	_, outward := io.Copy(secure, plain)
	secure.CloseWrite()
	if outward != nil {
		secure.Close()
	}
	wait.Wait()
	if inward != nil {
		return inward
	}
	return outward
}

// Command svid keeps a workload's certificate of its box in files, and carries
// TCP connections over TLS by it for programs that know nothing of it.
//
//	svid keep   [--dir DIR] [--box DIR] [--token FILE]
//	svid check  [--dir DIR]
//	svid serve  [--dir DIR] --listen ADDRESS --to ADDRESS --peer PATH…
//	svid dial   [--dir DIR] --listen ADDRESS --to ADDRESS --peer PATH…
//
// Exit status: 0 done or told to stop, 1 failed, 2 wrong usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// paths collects a flag that may be given more than once.
type paths []string

func (p *paths) String() string { return strings.Join(*p, " ") }

func (p *paths) Set(value string) error {
	if !strings.HasPrefix(value, "/") {
		return errors.New("expected a path such as /ns/shop/sa/client")
	}
	*p = append(*p, value)
	return nil
}

type options struct {
	dir, box, token, listen, to string
	peers                       paths
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		return usage("expected keep, check, serve or dial")
	}
	name := args[0]
	options, err := parse(name, args[1:])
	if err != nil {
		return usage(err.Error())
	}
	switch name {
	case "keep":
		err = newKeeper(options).run(ctx)
	case "check":
		_, err = (&files{dir: options.dir}).load()
	case "serve":
		err = serve(ctx, options)
	case "dial":
		err = dial(ctx, options)
	default:
		return usage(fmt.Sprintf("unknown command %q", name))
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(os.Stderr, "svid %s: %v\n", name, err)
		return 1
	}
	return 0
}

func parse(name string, args []string) (options, error) {
	var o options
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.SetOutput(os.Stderr)
	set.StringVar(&o.dir, "dir", "/run/svid", "directory of svid.pem, key.pem and bundle.pem")
	set.StringVar(&o.box, "box", "/etc/cpiab-box", "directory of the ConfigMap cpiab-box")
	set.StringVar(&o.token, "token", "/run/secrets/cpiab/token", "file of the service account's token")
	set.StringVar(&o.listen, "listen", "", "address to take connections at")
	set.StringVar(&o.to, "to", "", "address to carry them to")
	set.Var(&o.peers, "peer", "path of a SPIFFE ID of this trust domain that may be at the other end")
	if err := set.Parse(args); err != nil {
		return o, err
	}
	if set.NArg() > 0 {
		return o, fmt.Errorf("unexpected %q", set.Arg(0))
	}
	tunnel := name == "serve" || name == "dial"
	if tunnel && (o.listen == "" || o.to == "" || len(o.peers) == 0) {
		return o, errors.New("expected --listen, --to and --peer")
	}
	return o, nil
}

func usage(why string) int {
	fmt.Fprintf(os.Stderr, "svid: %s\n", why)
	return 2
}

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"time"
)

const (
	firstPause   = time.Second
	longestPause = time.Minute
	// shortestWait holds also where a clock is so wrong that each certificate seems to end at once.
	shortestWait = 5 * time.Second
)

// keeper has the next certificate when half of one's life is over.
type keeper struct {
	files      *files
	box, token string
}

func newKeeper(o options) *keeper {
	return &keeper{files: &files{dir: o.dir}, box: o.box, token: o.token}
}

// run goes on until it is told to stop. What a box refuses is asked again: it may know the pod later.
func (k *keeper) run(ctx context.Context) error {
	// Files are for the group of the volume (fsGroup), whatever the image's umask.
	syscall.Umask(0)
	if err := os.MkdirAll(k.files.dir, 0o750); err != nil {
		return err
	}
	wait := k.untilDue()
	pause := firstPause
	for {
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		if err := k.renew(ctx); err != nil {
			fmt.Fprintf(os.Stderr, "svid keep: %v\n", err)
			wait = pause + rand.N(pause)
			pause = min(2*pause, longestPause)
			continue
		}
		pause = firstPause
		wait = max(k.untilDue(), shortestWait)
	}
}

func (k *keeper) renew(ctx context.Context) error {
	papers, err := ask(ctx, k.box, k.token)
	if err != nil {
		return err
	}
	if err := k.files.write(papers); err != nil {
		return err
	}
	own, err := k.files.load()
	if err != nil {
		return err
	}
	end := own.svid.Certificates[0].NotAfter.UTC().Format(time.RFC3339)
	fmt.Printf("%s until %s\n", own.svid.ID, end)
	return nil
}

// untilDue is nothing where there is no certificate, also after a restart that left one.
func (k *keeper) untilDue() time.Duration {
	own, err := k.files.load()
	if err != nil {
		return 0
	}
	leaf := own.svid.Certificates[0]
	half := leaf.NotAfter.Sub(leaf.NotBefore) / 2
	// Pods that began together do not ask together.
	return max(0, time.Until(leaf.NotBefore.Add(half))-rand.N(half/10+1))
}

func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

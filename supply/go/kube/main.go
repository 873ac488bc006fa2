// Command kube is Kubernetes and etcd in one file: the name it is called by
// selects the program, as in busybox. One file instead of nine, because all of
// them share most of their code and the box keeps them in memory.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // CronJob time zones, as in kube-apiserver's own main

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/etcdctl/v3/ctlv3"
	"go.etcd.io/etcd/etcdutl/v3/etcdutl"
	"go.etcd.io/etcd/pkg/v3/cobrautl"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"go.etcd.io/etcd/server/v3/storage/wal"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // kubectl's auth plugins
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // version metric
	"k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubeadm "k8s.io/kubernetes/cmd/kubeadm/app"
	kubeadmerrors "k8s.io/kubernetes/cmd/kubeadm/app/util/errors"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// programs maps a name to what upstream's own main does under that name.
var programs = map[string]func(){
	"etcd":                    runEtcd,
	"etcdctl":                 runEtcdctl,
	"etcdutl":                 runEtcdutl,
	"kube-apiserver":          func() { os.Exit(cli.Run(apiserver.NewAPIServerCommand())) },
	"kube-controller-manager": func() { os.Exit(cli.Run(controllers.NewControllerManagerCommand())) },
	"kube-proxy":              func() { os.Exit(cli.Run(proxy.NewProxyCommand())) },
	"kube-scheduler":          func() { os.Exit(cli.Run(scheduler.NewSchedulerCommand())) },
	"kubeadm":                 func() { kubeadmerrors.HandleError(kubeadm.Run()) },
	"kubectl":                 runKubectl,
	"kubelet":                 func() { os.Exit(cli.Run(kubelet.NewKubeletCommand(context.Background()))) },
}

func main() {
	// ctlv3 switches prefix matching on at import, for every cobra program.
	cobra.EnablePrefixMatching = false
	if filepath.Base(os.Args[0]) == "kube" {
		os.Args = os.Args[1:]
	}
	name := ""
	if len(os.Args) > 0 {
		name = filepath.Base(os.Args[0])
	}
	run, known := programs[name]
	if !known {
		fmt.Fprintf(os.Stderr, "kube: no program %q in this file\nusage: kube NAME [ARGUMENT...], or call it by a link named NAME; names: %s\n",
			name, strings.Join(names(), " "))
		os.Exit(2)
	}
	settleAfterStart()
	run()
}

// settleAfterStart ends what GOGC of the environment asked for. A program allocates
// much while it starts and keeps little of it, so collecting seldom saves time then;
// later memory counts more, and what the start left behind goes back at once. 100 is
// Go's own default.
func settleAfterStart() {
	time.AfterFunc(time.Minute, func() {
		debug.SetGCPercent(100)
		debug.FreeOSMemory()
	})
}

// names returns the program names in alphabetical order.
func names() []string {
	all := make([]string, 0, len(programs))
	for name := range programs {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// runKubectl sets the verbosity before the command exists, so that plugins and
// .kuberc are logged too, as in k8s.io/kubernetes/cmd/kubectl.
func runKubectl() {
	_, _ = logs.GlogSetter(cmd.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
}

// runEtcd runs the server with a log in files of 8 MB. etcd allocates two of 64 MB
// before it writes to them, which is memory on a box that has no disk.
func runEtcd() {
	wal.SegmentSizeBytes = 8 * 1000 * 1000
	etcdmain.Main(os.Args)
}

func runEtcdctl() {
	cobra.EnablePrefixMatching = true
	ctlv3.MustStart()
}

// runEtcdutl builds etcdutl's root command, which upstream keeps in its package main.
func runEtcdutl() {
	cobra.EnablePrefixMatching = true
	root := &cobra.Command{Use: "etcdutl", Short: "An administrative command line tool for etcd3."}
	root.PersistentFlags().StringVarP(&etcdutl.OutputFormat, "write-out", "w", "simple",
		"set the output format (fields, json, protobuf, simple, table)")
	root.AddCommand(etcdutl.NewDefragCommand(), etcdutl.NewSnapshotCommand(), etcdutl.NewHashKVCommand(),
		etcdutl.NewVersionCommand(), etcdutl.NewMigrateCommand())
	if err := root.Execute(); err != nil {
		cobrautl.ExitWithError(cobrautl.ExitError, err)
	}
}

package main

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// kubeletCertificate is what kubelet renews, key and certificate in one file.
const kubeletCertificate = "/var/lib/kubelet/pki/kubelet-client-current.pem"

// Cluster keeps a copy of the four kinds that this program looks at.
type Cluster struct {
	core       rest.Interface
	pods       cache.SharedIndexInformer
	nodes      cache.SharedIndexInformer
	namespaces cache.SharedIndexInformer
	policies   cache.SharedIndexInformer
}

// Connect makes clients for two groups only: the general ones are three times as large.
func Connect(kubeconfig string, wake func()) (*Cluster, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	// The one that kubeadm puts into the file is renewed beside it.
	if _, err := os.Stat(kubeletCertificate); err == nil {
		config.CertData, config.KeyData = nil, nil
		config.CertFile, config.KeyFile = kubeletCertificate, kubeletCertificate
	}
	core, err := client(config, "/api", corev1.SchemeGroupVersion, corev1.AddToScheme)
	if err != nil {
		return nil, err
	}
	networking, err := client(config, "/apis", networkingv1.SchemeGroupVersion, networkingv1.AddToScheme)
	if err != nil {
		return nil, err
	}
	cluster := &Cluster{
		core:       core,
		pods:       informer(core, "pods", &corev1.Pod{}),
		nodes:      informer(core, "nodes", &corev1.Node{}),
		namespaces: informer(core, "namespaces", &corev1.Namespace{}),
		policies:   informer(networking, "networkpolicies", &networkingv1.NetworkPolicy{}),
	}
	for _, one := range cluster.all() {
		handler := cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { wake() },
			UpdateFunc: func(any, any) { wake() },
			DeleteFunc: func(any) { wake() },
		}
		if _, err := one.AddEventHandler(handler); err != nil {
			return nil, err
		}
	}
	return cluster, nil
}

func client(config *rest.Config, path string, version schema.GroupVersion, add func(*runtime.Scheme) error) (rest.Interface, error) {
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	if err := add(scheme); err != nil {
		return nil, err
	}
	own := rest.CopyConfig(config)
	own.APIPath, own.GroupVersion = path, &version
	own.ContentType = "application/vnd.kubernetes.protobuf"
	own.AcceptContentTypes = own.ContentType + ",application/json"
	own.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	return rest.RESTClientFor(own)
}

func informer(client rest.Interface, resource string, kind runtime.Object) cache.SharedIndexInformer {
	source := cache.NewListWatchFromClient(client, resource, metav1.NamespaceAll, fields.Everything())
	made := cache.NewSharedIndexInformer(source, kind, 0, cache.Indexers{})
	// It fails for an informer that runs.
	if err := made.SetTransform(trimmed); err != nil {
		panic(err)
	}
	return made
}

// trimmed keeps of an object what is looked at: a cluster's pods are large.
func trimmed(object any) (any, error) {
	switch one := object.(type) {
	case *corev1.Pod:
		one.ManagedFields, one.Annotations = nil, nil
		status := corev1.PodStatus{Phase: one.Status.Phase, PodIPs: one.Status.PodIPs}
		spec := corev1.PodSpec{NodeName: one.Spec.NodeName, HostNetwork: one.Spec.HostNetwork}
		for _, container := range one.Spec.InitContainers {
			spec.InitContainers = append(spec.InitContainers, corev1.Container{Ports: container.Ports})
		}
		for _, container := range one.Spec.Containers {
			spec.Containers = append(spec.Containers, corev1.Container{Ports: container.Ports})
		}
		one.Spec, one.Status = spec, status
	case *corev1.Node:
		one.ManagedFields = nil
		one.Status = corev1.NodeStatus{Addresses: one.Status.Addresses}
	case metav1.Object:
		one.SetManagedFields(nil)
	}
	return object, nil
}

func (c *Cluster) all() []cache.SharedIndexInformer {
	return []cache.SharedIndexInformer{c.pods, c.nodes, c.namespaces, c.policies}
}

// Run keeps the copy until the context ends; it returns when the copy is whole.
func (c *Cluster) Run(ctx context.Context) error {
	var synced []cache.InformerSynced
	for _, one := range c.all() {
		go one.RunWithContext(ctx)
		synced = append(synced, one.HasSynced)
	}
	if !cache.WaitForCacheSync(ctx.Done(), synced...) {
		return errors.Join(errors.New("the cluster was not read"), ctx.Err())
	}
	return nil
}

// World is the copy as it is now, in no order. given are addresses that pods have, which the cluster need not
// know yet.
func (c *Cluster) World(node string, given map[string]Request) World {
	world := World{Node: node, Namespaces: map[string]map[string]string{}}
	for _, object := range c.pods.GetStore().List() {
		pod := object.(*corev1.Pod)
		var addresses []netip.Addr
		if pod.Spec.NodeName == node {
			addresses = addressesOf(given, pod.Namespace+"/"+pod.Name, string(pod.UID))
		}
		if read, ok := PodOf(pod, addresses); ok {
			world.Pods = append(world.Pods, read)
		}
	}
	for _, object := range c.namespaces.GetStore().List() {
		namespace := object.(*corev1.Namespace)
		world.Namespaces[namespace.Name] = namespace.Labels
	}
	for _, object := range c.policies.GetStore().List() {
		world.Policies = append(world.Policies, object.(*networkingv1.NetworkPolicy))
	}
	return world
}

// Peers are the cluster's nodes: this one, if it is known, and the others.
func (c *Cluster) Peers(node string) (Peer, []Peer) {
	var peers []Peer
	for _, object := range c.nodes.GetStore().List() {
		peers = append(peers, PeerOf(object.(*corev1.Node)))
	}
	own := slices.IndexFunc(peers, func(peer Peer) bool { return peer.Name == node })
	if own < 0 {
		return Peer{}, nil
	}
	return peers[own], others(node, peers)
}

// TellKey writes this node's WireGuard key to its Node.
func (c *Cluster) TellKey(ctx context.Context, node, key string) error {
	patch := `{"metadata":{"annotations":{"` + keyAnnotation + `":"` + key + `"}}}`
	return c.core.Patch(types.MergePatchType).Resource("nodes").Name(node).Body([]byte(patch)).Do(ctx).Error()
}

#!/bin/sh
# hold.sh HELD: stops what the app runs, and starts it again when the pod ends, however its work ended. It is a sidecar:
# the work starts when the file HELD is there, and Kubernetes ends this one last. If the node loses power, the Job makes a
# new pod, which begins here again.
set -eu
export HOME=/tmp
was=cpiab.dev/replicas
# Else Flux would start the app while it is copied. Source: Flux, Kustomization, "Controlling the apply behavior".
flux=kustomize.toolkit.fluxcd.io/reconcile

workloads() {
	kubectl get deployments,statefulsets -o name
}

hold() {
	for workload in $(workloads); do
		replicas=$(kubectl get "$workload" -o 'jsonpath={.spec.replicas}')
		# 0: it was meant so, or a run before this one was cut off and has written down what it was.
		[ "$replicas" = 0 ] || kubectl annotate --overwrite "$workload" "$was=$replicas" "$flux=disabled"
		kubectl scale --replicas=0 "$workload"
	done
	[ -z "$(kubectl get pods -l app.kubernetes.io/name!=backup -o name)" ] ||
		kubectl wait pods -l app.kubernetes.io/name!=backup --for=delete --timeout=10m
}

let_go() {
	for workload in $(workloads); do
		replicas=$(kubectl get "$workload" -o 'jsonpath={.metadata.annotations.cpiab\.dev/replicas}')
		[ -z "$replicas" ] && continue
		kubectl scale "--replicas=$replicas" "$workload"
		kubectl annotate "$workload" "$was-" "$flux-"
	done
}

if [ "$QUIESCE" = stop ]; then
	trap 'let_go; exit 0' TERM
	hold
else
	trap 'exit 0' TERM
fi
touch "$1"
while :; do
	sleep 3600 &
	wait $! || :
done

// Package api holds the Flux API modules in go.mod, so that controller-gen
// finds their Go types, from which it writes the CRDs.
package api

import (
	_ "github.com/fluxcd/kustomize-controller/api/v1"
	_ "github.com/fluxcd/source-controller/api/v1"
)

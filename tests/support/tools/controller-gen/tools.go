//go:build tools

// This package names the API types that the custom resource definitions are generated from, so that go.mod and go.sum
// hold them. It is never built.
package tools

import (
	_ "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	_ "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
)

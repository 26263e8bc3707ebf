// Only the definitions of the module are read, nothing is built: go.sum has no more than that needs.
module kpbuild/tests/support/tools/source-controller

go 1.26.0

require github.com/fluxcd/source-controller v1.9.5

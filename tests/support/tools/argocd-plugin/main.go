// What Argo CD does with a config management plug-in, without the rest of Argo CD: it starts the real plug-in server with
// the plugin.yaml of a folder, streams a repository to it as the repository server does, asks whether the plug-in is for
// the application's folder, and prints what it generates.
//
//	argocd-plugin FOLDER-OF-PLUGIN-YAML REPOSITORY APPLICATION-FOLDER
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	log "github.com/sirupsen/logrus"

	"github.com/argoproj/argo-cd/v3/cmpserver"
	"github.com/argoproj/argo-cd/v3/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v3/cmpserver/plugin"
	"github.com/argoproj/argo-cd/v3/util/cmp"
)

// As the repository server's own limit.
const patience = 90 * time.Second

func main() {
	log.SetOutput(os.Stderr)
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 3 {
		return errors.New("give the folder of plugin.yaml, the repository and the application's folder")
	}
	client, err := serve(arguments[0])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := match(ctx, client, arguments[1], arguments[2]); err != nil {
		return err
	}
	return generate(ctx, client, arguments[1], arguments[2])
}

// serve starts the server on a socket of its own and connects to it.
func serve(folder string) (apiclient.ConfigManagementPluginServiceClient, error) {
	config, err := plugin.ReadPluginConfig(folder)
	if err != nil {
		return nil, fmt.Errorf("read plugin.yaml: %w", err)
	}
	server, err := cmpserver.NewServer(plugin.CMPServerInitConstants{PluginConfig: *config})
	if err != nil {
		return nil, err
	}
	grpc, err := server.CreateGRPC()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", config.Address())
	if err != nil {
		return nil, err
	}
	go func() { _ = grpc.Serve(listener) }()
	_, client, err := apiclient.NewConfigManagementPluginClientSet(config.Address()).NewConfigManagementPluginClient()
	return client, err
}

func match(ctx context.Context, client apiclient.ConfigManagementPluginServiceClient, repository, app string) error {
	stream, err := client.MatchRepository(ctx)
	if err != nil {
		return err
	}
	if err := cmp.SendRepoStream(ctx, app, repository, stream, nil, nil); err != nil {
		return err
	}
	answer, err := stream.CloseAndRecv()
	if err != nil {
		return fmt.Errorf("match: %w", err)
	}
	if !answer.IsSupported || !answer.IsDiscoveryEnabled {
		return fmt.Errorf("the plug-in is not for %s", app)
	}
	return nil
}

func generate(ctx context.Context, client apiclient.ConfigManagementPluginServiceClient, repository, app string) error {
	stream, err := client.GenerateManifest(ctx)
	if err != nil {
		return err
	}
	if err := cmp.SendRepoStream(ctx, app, repository, stream, nil, nil); err != nil {
		return err
	}
	answer, err := stream.CloseAndRecv()
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	for _, manifest := range answer.Manifests {
		fmt.Println("---")
		fmt.Println(manifest)
	}
	return nil
}

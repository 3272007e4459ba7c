// Package headers_setter stands in for the contrib extension of that name where its Go module
// cannot be had. It knows one thing: a header of an outgoing gRPC request takes its value from the
// metadata of the request that came in (`key`, `from_context`, action upsert). Tests only.
package headers_setter

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensionauth"
	"google.golang.org/grpc/credentials"
)

// Header is one header to set. Unknown keys are refused by the Collector's decoder.
type Header struct {
	Key         string `mapstructure:"key"`
	FromContext string `mapstructure:"from_context"`
	Action      string `mapstructure:"action"`
}

// Config is the part of the contrib extension's configuration that our file uses.
type Config struct {
	Headers []Header `mapstructure:"headers"`
}

// Validate refuses what this stand-in cannot do, rather than doing something else.
func (c *Config) Validate() error {
	if len(c.Headers) == 0 {
		return errors.New("headers: none given")
	}
	for _, header := range c.Headers {
		if header.Key == "" || header.FromContext == "" {
			return errors.New("headers: key and from_context are needed")
		}
		if header.Action != "" && header.Action != "upsert" {
			return errors.New("headers: action: this stand-in knows upsert only")
		}
	}
	return nil
}

// NewFactory is what the Collector's builder looks for.
func NewFactory() extension.Factory {
	return extension.NewFactory(
		component.MustNewType("headers_setter"),
		func() component.Config { return &Config{} },
		func(_ context.Context, _ extension.Settings, config component.Config) (extension.Extension, error) {
			return &setter{headers: config.(*Config).Headers}, nil
		},
		component.StabilityLevelDevelopment,
	)
}

type setter struct {
	component.StartFunc
	component.ShutdownFunc
	headers []Header
}

var _ extensionauth.GRPCClient = (*setter)(nil)

// PerRPCCredentials is asked by a gRPC exporter whose `auth.authenticator` names this extension.
func (s *setter) PerRPCCredentials() (credentials.PerRPCCredentials, error) {
	return perRPC{headers: s.headers}, nil
}

type perRPC struct{ headers []Header }

func (p perRPC) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	sender := client.FromContext(ctx)
	metadata := make(map[string]string, len(p.headers))
	for _, header := range p.headers {
		if values := sender.Metadata.Get(header.FromContext); len(values) > 0 {
			metadata[header.Key] = values[0]
		}
	}
	return metadata, nil
}

func (perRPC) RequireTransportSecurity() bool { return false }

// A provider "aws" that knows the schema in $ECO2_AWS_SCHEMA and no cloud: it refuses what the real one's schema
// refuses, and what it makes has made-up ids. For `tofu validate`, `plan` and `test` where AWS is not to be had.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"sort"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type attribute struct {
	Type                         json.RawMessage
	Required, Optional, Computed bool
}

type block struct {
	Attributes map[string]attribute
	Blocks     map[string]block
	Nesting    string
	Required   bool
}

type schemas struct{ Resource, Data map[string]block }

type provider struct {
	tfprotov6.ProviderServer // what is not implemented here is not asked for
	resources, data          map[string]*tfprotov6.Schema
}

var names = map[string]tftypes.Type{
	"string": tftypes.String, "number": tftypes.Number, "bool": tftypes.Bool, "dynamic": tftypes.DynamicPseudoType,
}

func typeOf(raw json.RawMessage) tftypes.Type {
	var name string
	if json.Unmarshal(raw, &name) == nil {
		return names[name]
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil || len(parts) != 2 {
		log.Fatalf("no type: %s", raw)
	}
	json.Unmarshal(parts[0], &name)
	element := typeOf(parts[1])
	switch name {
	case "list":
		return tftypes.List{ElementType: element}
	case "set":
		return tftypes.Set{ElementType: element}
	}
	return tftypes.Map{ElementType: element}
}

func sorted[V any](all map[string]V) []string {
	keys := make([]string, 0, len(all))
	for key := range all {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func (b block) schema() *tfprotov6.SchemaBlock {
	made := &tfprotov6.SchemaBlock{}
	for _, name := range sorted(b.Attributes) {
		a := b.Attributes[name]
		made.Attributes = append(made.Attributes, &tfprotov6.SchemaAttribute{
			Name: name, Type: typeOf(a.Type), Required: a.Required, Optional: a.Optional,
			Computed: a.Computed || !a.Required && !a.Optional,
		})
	}
	nesting := map[string]tfprotov6.SchemaNestedBlockNestingMode{
		"list": tfprotov6.SchemaNestedBlockNestingModeList, "set": tfprotov6.SchemaNestedBlockNestingModeSet,
		"single": tfprotov6.SchemaNestedBlockNestingModeSingle,
	}
	for _, name := range sorted(b.Blocks) {
		inner := b.Blocks[name]
		nested := &tfprotov6.SchemaNestedBlock{TypeName: name, Block: inner.schema(), Nesting: nesting[inner.Nesting]}
		if inner.Required && inner.Nesting != "single" {
			nested.MinItems = 1
		}
		made.BlockTypes = append(made.BlockTypes, nested)
	}
	return made
}

func (p *provider) GetMetadata(context.Context, *tfprotov6.GetMetadataRequest) (*tfprotov6.GetMetadataResponse, error) {
	return &tfprotov6.GetMetadataResponse{}, nil
}

func (p *provider) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	text := func(name string) *tfprotov6.SchemaAttribute {
		return &tfprotov6.SchemaAttribute{Name: name, Type: tftypes.String, Optional: true}
	}
	tags := &tfprotov6.SchemaAttribute{Name: "tags", Type: tftypes.Map{ElementType: tftypes.String}, Optional: true}
	own := &tfprotov6.SchemaBlock{
		Attributes: []*tfprotov6.SchemaAttribute{text("profile"), text("region")},
		BlockTypes: []*tfprotov6.SchemaNestedBlock{{
			TypeName: "default_tags", Nesting: tfprotov6.SchemaNestedBlockNestingModeList,
			Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{tags}},
		}},
	}
	return &tfprotov6.GetProviderSchemaResponse{
		Provider: &tfprotov6.Schema{Block: own}, ResourceSchemas: p.resources, DataSourceSchemas: p.data,
	}, nil
}

func (p *provider) ValidateProviderConfig(_ context.Context, r *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{PreparedConfig: r.Config}, nil
}

func (p *provider) ConfigureProvider(context.Context, *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	return &tfprotov6.ConfigureProviderResponse{}, nil
}

func (p *provider) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

func (p *provider) ValidateResourceConfig(context.Context, *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

func (p *provider) ValidateDataResourceConfig(context.Context, *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return &tfprotov6.ValidateDataResourceConfigResponse{}, nil
}

func (p *provider) UpgradeResourceState(_ context.Context, r *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	kind := p.resources[r.TypeName].ValueType()
	value, err := r.RawState.Unmarshal(kind)
	if err != nil {
		return nil, err
	}
	state, err := tfprotov6.NewDynamicValue(kind, value)
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &state}, err
}

func (p *provider) ReadResource(_ context.Context, r *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return &tfprotov6.ReadResourceResponse{NewState: r.CurrentState}, nil
}

func (p *provider) PlanResourceChange(_ context.Context, r *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	unknown := func(kind tftypes.Type, _ string) tftypes.Value { return tftypes.NewValue(kind, tftypes.UnknownValue) }
	state, err := computed(r.TypeName, r.ProposedNewState, p.resources[r.TypeName], unknown, func(v tftypes.Value) bool { return v.IsKnown() && v.IsNull() })
	return &tfprotov6.PlanResourceChangeResponse{PlannedState: state}, err
}

func (p *provider) ApplyResourceChange(_ context.Context, r *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	state, err := computed(r.TypeName, r.PlannedState, p.resources[r.TypeName], madeUp, func(v tftypes.Value) bool { return !v.IsKnown() })
	return &tfprotov6.ApplyResourceChangeResponse{NewState: state}, err
}

func (p *provider) ReadDataSource(_ context.Context, r *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	state, err := computed(r.TypeName, r.Config, p.data[r.TypeName], madeUp, func(v tftypes.Value) bool { return v.IsKnown() && v.IsNull() })
	return &tfprotov6.ReadDataSourceResponse{State: state}, err
}

func (p *provider) GetFunctions(context.Context, *tfprotov6.GetFunctionsRequest) (*tfprotov6.GetFunctionsResponse, error) {
	return &tfprotov6.GetFunctionsResponse{}, nil
}

// computed fills the computed attributes of a value that are `empty`.
func computed(name string, given *tfprotov6.DynamicValue, schema *tfprotov6.Schema, fill func(tftypes.Type, string) tftypes.Value, empty func(tftypes.Value) bool) (*tfprotov6.DynamicValue, error) {
	kind := schema.ValueType()
	value, err := given.Unmarshal(kind)
	if err != nil || value.IsNull() {
		return given, err
	}
	fields := map[string]tftypes.Value{}
	if err := value.As(&fields); err != nil {
		return nil, err
	}
	for _, a := range schema.Block.Attributes {
		if a.Computed && empty(fields[a.Name]) {
			fields[a.Name] = fill(a.Type, fmt.Sprintf("%s.%s", name, a.Name))
		}
	}
	made, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, fields))
	return &made, err
}

func madeUp(kind tftypes.Type, name string) tftypes.Value {
	if kind.Is(tftypes.String) {
		return tftypes.NewValue(kind, "made-up:"+name)
	}
	return tftypes.NewValue(kind, nil)
}

func main() {
	raw, err := os.ReadFile(os.Getenv("ECO2_AWS_SCHEMA"))
	if err != nil {
		log.Fatal(err)
	}
	var all schemas
	if err := json.Unmarshal(raw, &all); err != nil {
		log.Fatal(err)
	}
	p := &provider{resources: map[string]*tfprotov6.Schema{}, data: map[string]*tfprotov6.Schema{}}
	for name, b := range all.Resource {
		p.resources[name] = &tfprotov6.Schema{Block: b.schema()}
	}
	for name, b := range all.Data {
		p.data[name] = &tfprotov6.Schema{Block: b.schema()}
	}
	if err := tf6server.Serve("registry.opentofu.org/hashicorp/aws", func() tfprotov6.ProviderServer { return p }); err != nil {
		log.Fatal(err)
	}
}

// What Istio makes of the platform's objects, by its own packages and without a cluster.
//
// `mesh render FOLDER` prints the objects of a kustomization. `mesh told MESHCONFIG OBJECTS` reads istiod's mesh configuration and a stream of Kubernetes objects, pods included, and
// prints one JSON object: `findings` as `istioctl analyze -A` has them; `workloads` and `policies` as istiod tells ztunnel;
// `gateway` as it tells the Envoy of the ingress gateway. Only the API server is none: its client holds the objects.
// PILOT_ENABLE_AMBIENT must be set as istiod has it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"

	"google.golang.org/protobuf/proto"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"istio.io/api/annotation"
	"istio.io/istio/cni/pkg/util"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/local"
	"istio.io/istio/pkg/config/constants"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/test"
	"istio.io/istio/pkg/util/protomarshal"
)

const dataplaneMode = "istio.io/dataplane-mode"

// Whom the node agent takes into the mesh: what the chart `cni` tells it if its values say nothing else.
var enrolled = []util.EnablementSelector{
	{PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{dataplaneMode: "ambient"}}},
	{
		PodSelector: metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: dataplaneMode, Operator: metav1.LabelSelectorOpNotIn, Values: []string{"none"}},
		}},
		NamespaceSelector: metav1.LabelSelector{MatchLabels: map[string]string{dataplaneMode: "ambient"}},
	},
}

type finding struct {
	Code  string `json:"code"`
	Level string `json:"level"`
	Text  string `json:"text"`
}

type policy struct {
	Authorization json.RawMessage `json:"authorization"`
	Problem       string          `json:"problem,omitempty"`
}

type told struct {
	Findings  []finding                    `json:"findings"`
	Workloads []json.RawMessage            `json:"workloads"`
	Policies  []policy                     `json:"policies"`
	Gateway   map[string][]json.RawMessage `json:"gateway"`
}

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "render":
		render(os.Args[2])
	case len(os.Args) == 4 && os.Args[1] == "told":
		tell(os.Args[2], os.Args[3])
	default:
		fail(fmt.Errorf("usage: mesh render FOLDER | mesh told MESHCONFIG OBJECTS"))
	}
}

func render(folder string) {
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		fail(err)
	}
	text, err := made.AsYaml()
	if err != nil {
		fail(err)
	}
	os.Stdout.Write(text)
}

func tell(meshConfig, objects string) {
	options := log.DefaultOptions()
	options.OutputPaths = []string{"stderr"}
	options.SetDefaultOutputLevel(log.OverrideScopeName, log.WarnLevel)
	if err := log.Configure(options); err != nil {
		fail(err)
	}
	text, err := os.ReadFile(objects)
	if err != nil {
		fail(err)
	}
	var found told
	if found.Findings, err = analyzed(meshConfig, string(text)); err != nil {
		fail(err)
	}
	if err := test.Wrap(func(t test.Failer) { generate(t, meshConfig, string(text), &found) }); err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func analyzed(meshConfig, objects string) ([]finding, error) {
	analyzer := local.NewIstiodAnalyzer(analyzers.AllCombined(), "", constants.IstioSystemNamespace, nil)
	if err := analyzer.AddFileKubeMeshConfig(meshConfig); err != nil {
		return nil, err
	}
	source := []local.ReaderSource{{Name: "objects", Reader: strings.NewReader(objects)}}
	if err := analyzer.AddReaderKubeSource(source); err != nil {
		return nil, err
	}
	result, err := analyzer.Analyze(make(chan struct{}))
	if err != nil {
		return nil, err
	}
	found := []finding{}
	for _, each := range result.Messages {
		found = append(found, finding{each.Type.Code(), each.Type.Level().String(), each.String()})
	}
	return found, nil
}

func generate(t test.Failer, meshConfig, text string, into *told) {
	configured, err := mesh.ReadMeshConfig(meshConfig)
	if err != nil {
		t.Fatal(err)
	}
	objects, istio := decoded(text)
	enrol(t, objects)
	server := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
		KubernetesObjects: objects, ConfigString: strings.Join(istio, "\n---\n"), MeshConfig: configured,
	})
	for _, each := range server.AmbientIndex.All() {
		if workload := each.GetWorkload(); workload != nil {
			into.Workloads = append(into.Workloads, marshaled(t, workload))
		}
	}
	for _, each := range server.AmbientIndex.Policies(nil) {
		var made policy
		if each.Authorization != nil {
			made.Authorization = marshaled(t, each.Authorization)
		}
		if each.Binding.Status != nil {
			made.Problem = each.Binding.Status.Message
		}
		into.Policies = append(into.Policies, made)
	}
	into.Gateway = gateway(t, server, objects, configured.GetDefaultConfig().GetProxyMetadata())
}

// Objects of the groups that istiod reads, and the text of Istio's own.
func decoded(text string) (objects []runtime.Object, istio []string) {
	for _, each := range strings.Split(text, "\n---\n") {
		object, kind, err := kube.IstioCodec.UniversalDeserializer().Decode([]byte(each), nil, nil)
		switch {
		case err != nil: // a custom resource of somebody else
		case strings.HasSuffix(kind.Group, ".istio.io"):
			objects, istio = append(objects, object), append(istio, each)
		case kind.Group == "" || kind.Group == "discovery.k8s.io":
			objects = append(objects, object)
		}
	}
	return objects, istio
}

// Annotate pods as the node agent does once their traffic is redirected.
func enrol(t test.Failer, objects []runtime.Object) {
	selectors, err := util.NewCompiledEnablementSelectors(enrolled)
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]map[string]string{}
	for _, each := range objects {
		if namespace, is := each.(*corev1.Namespace); is {
			labels[namespace.Name] = namespace.Labels
		}
	}
	for _, each := range objects {
		if pod, is := each.(*corev1.Pod); is && selectors.Matches(pod, labels[pod.Namespace]) {
			metav1.SetMetaDataAnnotation(&pod.ObjectMeta, annotation.AmbientRedirection.Name, constants.AmbientRedirectionEnabled)
		}
	}
}

// What the Envoy of the pod with the label `istio: gateway` is told.
func gateway(
	t test.Failer, server *xds.FakeDiscoveryServer, objects []runtime.Object, metadata map[string]string,
) map[string][]json.RawMessage {
	made := map[string][]json.RawMessage{}
	for _, each := range objects {
		pod, is := each.(*corev1.Pod)
		if !is || pod.Labels["istio"] != "gateway" {
			continue
		}
		proxy := server.SetupProxy(&model.Proxy{
			Type: model.Router, ID: pod.Name + "." + pod.Namespace, ConfigNamespace: pod.Namespace,
			Labels: pod.Labels, IPAddresses: []string{pod.Status.PodIP},
			Metadata: &model.NodeMetadata{
				Namespace: pod.Namespace, Labels: pod.Labels, ClusterID: constants.DefaultClusterName,
				ServiceAccount: pod.Spec.ServiceAccountName,
				EnableHBONE:    model.StringBool(metadata["ISTIO_META_ENABLE_HBONE"] == "true"),
			},
		})
		listeners := server.Listeners(proxy)
		made["listeners"] = all(t, listeners)
		made["routes"] = all(t, server.RoutesFromListeners(proxy, listeners))
		made["clusters"] = all(t, server.Clusters(proxy))
		made["endpoints"] = all(t, server.Endpoints(proxy))
	}
	return made
}

func all[T proto.Message](t test.Failer, messages []T) []json.RawMessage {
	made := make([]json.RawMessage, 0, len(messages))
	for _, each := range messages {
		made = append(made, marshaled(t, each))
	}
	sort.Slice(made, func(one, other int) bool { return string(made[one]) < string(made[other]) })
	return made
}

func marshaled(t test.Failer, message proto.Message) json.RawMessage {
	text, err := protomarshal.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

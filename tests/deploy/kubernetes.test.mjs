// The Kubernetes objects of deploy/example against the published schemas (kubernetes-models, KEDA's and the autoscaler's), and what no schema
// tells: names that must meet, metrics that Stoa exports, document 001's policies.
import assert from 'node:assert/strict';
import {readFileSync, readdirSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {parse, parseAllDocuments} from 'yaml';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const FOLDER = join(ROOT, 'deploy/example/kubernetes');
const read = (name) => readFileSync(join(FOLDER, name), 'utf8');
const PACKAGES = {'keda.sh': '@kubernetes-models/keda/', 'autoscaling.k8s.io': '@kubernetes-models/autoscaler/'};

const objects = readdirSync(FOLDER).filter((name) => name !== '60-prometheus-adapter.yaml').sort().flatMap((name) => parseAllDocuments(read(name), {uniqueKeys: true}).map((document) => {
	assert.deepEqual([...document.errors, ...document.warnings], [], name);
	return {name, object: document.toJS()};
}));
const find = (kind, name) => {
	const found = objects.filter(({object}) => object.kind === kind && object.metadata.name === name);
	assert.equal(found.length, 1, `${kind} ${name}`);
	return found[0].object;
};
const of = (kind) => objects.map(({object}) => object).filter((object) => object.kind === kind);
const pods = () => ['Deployment', 'StatefulSet', 'Job'].flatMap(of);

// The schemas let members pass that they do not know.
async function accepted(object) {
	const group = object.apiVersion.split('/')[0];
	const {[object.kind]: Model} = await import(`${PACKAGES[group] ?? 'kubernetes-models/'}${object.apiVersion}/${object.kind}`);
	new Model(object).validate();
}

test('every object is what its schema says', async () => {
	assert.ok(objects.length >= 15);
	for (const {name, object} of objects)
		await accepted(object).catch((error) => assert.fail(`${name}: ${object.kind} ${object.metadata.name}: ${error.message}`));
	// The check can fail.
	const broken = structuredClone(find('HorizontalPodAutoscaler', 'stoa-web'));
	broken.spec.maxReplicas = 'many';
	await assert.rejects(accepted(broken));
	const scaled = structuredClone(find('ScaledObject', 'stoa-worker'));
	delete scaled.spec.triggers;
	await assert.rejects(accepted(scaled));
});

test('names meet', () => {
	for (const object of pods()) {
		const {metadata, spec} = object.spec.template;
		if (object.spec.selector)
			assert.deepEqual(metadata.labels, object.spec.selector.matchLabels, object.metadata.name);
		for (const volume of spec.volumes ?? []) {
			assert.ok(volume.emptyDir || volume.configMap?.name === find('ConfigMap', 'stoa').metadata.name || volume.secret?.secretName === 'stoa', volume.name);
			assert.ok(spec.containers.some((c) => c.volumeMounts.some((mount) => mount.name === volume.name)), volume.name);
		}
		for (const container of spec.containers) {
			for (const mount of container.volumeMounts ?? [])
				assert.ok(spec.volumes.some((volume) => volume.name === mount.name), mount.name);
			for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe].filter(Boolean))
				assert.ok(container.ports.some((port) => port.name === (probe.httpGet ?? probe.tcpSocket).port));
			for (const {valueFrom} of container.env ?? [])
				assert.ok(!valueFrom?.secretKeyRef || ['url', 'pooled-url'].includes(valueFrom.secretKeyRef.key));
			assert.equal(container.securityContext.allowPrivilegeEscalation, false);
		}
		assert.equal(spec.securityContext.runAsNonRoot, true);
	}
	for (const service of of('Service'))
		assert.ok(pods().some((object) => object.spec.template.metadata.labels?.app === service.spec.selector.app), service.metadata.name);
	for (const kind of ['HorizontalPodAutoscaler', 'ScaledObject', 'VerticalPodAutoscaler'])
		for (const {spec} of of(kind)) find('Deployment', (spec.scaleTargetRef ?? spec.targetRef).name);
	for (const budget of of('PodDisruptionBudget'))
		assert.ok(pods().some((object) => object.spec.template.metadata.labels?.app === budget.spec.selector.matchLabels.app));
	const [conf, cache] = [find('ConfigMap', 'stoa').data['stoa.conf'], find('StatefulSet', 'stoa-memcached')];
	assert.equal(conf.match(/--SERVER=stoa-memcached-\d+\.stoa-memcached:11211/g).length, cache.spec.replicas);
});

test('scaling follows document 001', () => {
	const {spec: web} = find('HorizontalPodAutoscaler', 'stoa-web'), {spec: worker} = find('ScaledObject', 'stoa-worker');
	const metric = (name) => web.metrics.find(({resource, pods: own}) => (resource?.name ?? own.metric.name) === name);
	assert.equal(metric('cpu').resource.target.averageUtilization, 70);
	assert.equal(metric('memory').resource.target.averageUtilization, 75);
	assert.deepEqual(web.behavior.scaleUp.policies, [{type: 'Pods', value: 2, periodSeconds: 60}]);
	assert.deepEqual(web.behavior.scaleDown.policies, [{type: 'Pods', value: 1, periodSeconds: 300}]);
	const {behavior} = worker.advanced.horizontalPodAutoscalerConfig;
	assert.deepEqual(behavior.scaleUp.policies, [{type: 'Pods', value: 2, periodSeconds: 30}]);
	assert.deepEqual(behavior.scaleDown.policies, [{type: 'Pods', value: 1, periodSeconds: 600}]);
	assert.ok(web.minReplicas >= 3 && web.maxReplicas >= 20 && worker.minReplicaCount >= 2 && worker.maxReplicaCount >= 16);
	// KEDA's admission webhook refuses it (2.15 to 2.17).
	assert.ok(!worker.fallback || worker.triggers.every(({metricType}) => (metricType ?? 'AverageValue') === 'AverageValue'));
});

test('the metrics are Stoa’s own', () => {
	const exported = (name) => ['lib/job/gauge.c', 'lib/web', 'lib/job'].some((where) => {
		const files = where.endsWith('.c') ? [where] : readdirSync(join(ROOT, where)).filter((file) => file.endsWith('.c')).map((file) => `${where}/${file}`);
		return files.some((file) => readFileSync(join(ROOT, file), 'utf8').includes(`"${name}"`));
	});
	const {rules: {custom}} = parse(read('60-prometheus-adapter.yaml'), {uniqueKeys: true});
	const named = find('HorizontalPodAutoscaler', 'stoa-web').spec.metrics.filter(({type}) => type === 'Pods').map(({pods: own}) => own.metric.name);
	assert.deepEqual(custom.map((rule) => rule.name.as), named);
	const asked = find('ScaledObject', 'stoa-worker').spec.triggers.flatMap(({metadata}) => metadata.query.match(/stoa_\w+/g));
	assert.equal(asked.length, 3);
	for (const name of [...named, ...asked]) assert.ok(exported(name), name);
});

// A worker has no port of its own; who shares the metrics file with it answers for both, and must see which processes live.
test('what is to be scraped is served', () => {
	const scraped = of('Deployment').filter(({spec}) => spec.template.metadata.annotations?.['prometheus.io/scrape'] === 'true');
	assert.deepEqual(scraped.map(({metadata}) => metadata.name).sort(), ['stoa-web', 'stoa-worker']);
	for (const {metadata, spec: {template}} of scraped) {
		const port = Number(template.metadata.annotations['prometheus.io/port']);
		assert.equal(template.spec.containers.filter(({ports}) => ports?.some((own) => own.containerPort === port)).length, 1, metadata.name);
		const sharing = template.spec.containers.filter(({volumeMounts}) => volumeMounts.some(({name}) => name === 'run'));
		assert.ok(sharing.length === 1 || template.spec.shareProcessNamespace, metadata.name);
		assert.ok(sharing.some(({command}) => command.join(' ').includes('stoa-worker')), `${metadata.name} writes no history`);
	}
	for (const [name, port] of [['stoa-pod.conf', 8080], ['stoa-metrics.conf', 8080]])
		assert.match(readFileSync(join(ROOT, 'deploy/container', name), 'utf8'), new RegExp(`server\\.port = ${port}\\n`));
});

test('connections lead to the right port', () => {
	const {'stoa.conf': conf, 'pgbouncer.ini': bouncer} = find('ConfigMap', 'stoa').data;
	// A host without a port has that of the URL, which is pgbouncer's.
	for (const replica of /^replicas = (.*)$/m.exec(conf)[1].split(';')) assert.match(replica, /^replica\d+:5432$/);
	assert.match(bouncer, /^listen_port = 6432$/m);
	assert.match(bouncer, /^unix_socket_dir =$/m);
	const [container] = find('Deployment', 'stoa-pgbouncer').spec.template.spec.containers;
	assert.match(container.lifecycle.preStop.exec.command.at(-1), /kill -INT 1/);
	for (const object of of('Deployment')) find('PodDisruptionBudget', object.metadata.name);
});

test('a pod has the time to end', () => {
	const {spec} = find('Deployment', 'stoa-web').spec.template;
	const wait = Number(spec.containers[0].lifecycle.preStop.exec.command[1]);
	const deadline = Number(/"web\.deadline".*fallback = "(\d+)s"/.exec(readFileSync(join(ROOT, 'lib/web/serve.c'), 'utf8'))[1]);
	const grace = Number(/graceful-shutdown-timeout" => (\d+)/.exec(readFileSync(join(ROOT, 'deploy/container/stoa-pod.conf'), 'utf8'))[1]);
	assert.ok(grace > deadline);
	assert.ok(spec.terminationGracePeriodSeconds > wait + grace);
	assert.ok(spec.terminationGracePeriodSeconds >= find('Deployment', 'stoa-worker').spec.template.spec.terminationGracePeriodSeconds);
	const unit = Number(/TimeoutStopSec=(\d+)/.exec(readFileSync(join(ROOT, 'deploy/systemd/stoa-worker.service.in'), 'utf8'))[1]);
	assert.equal(find('Deployment', 'stoa-worker').spec.template.spec.terminationGracePeriodSeconds, unit);
});

/*
 * sendmmsg() is replaced at link time: what would have left is kept, with the
 * address it would have gone to, so that a test can also see answers that must
 * not go anywhere.
 */
#include "tests/unit/rig.h"

#include "config/tenant_file.h"
#include "redirector/certs/trust_files.h"

#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct rig_answer answers[RIG_ANSWERS];
static size_t first_answer, answer_count;

int __wrap_sendmmsg(int fd, struct mmsghdr *msgs, unsigned count, int flags);

int __wrap_sendmmsg(int fd, struct mmsghdr *msgs, unsigned count, int flags)
{
	(void)fd;
	(void)flags;
	for (unsigned i = 0; i < count; i++) {
		struct rig_answer *a = &answers[(first_answer + answer_count) % RIG_ANSWERS];
		const struct msghdr *h = &msgs[i].msg_hdr;

		if (answer_count == RIG_ANSWERS)
			abort();
		answer_count++;
		a->len = h->msg_iov[0].iov_len;
		if (a->len >= sizeof(a->text))
			abort();
		memcpy(a->text, h->msg_iov[0].iov_base, a->len);
		a->text[a->len] = '\0';
		memcpy(&a->to, h->msg_name, sizeof(a->to));
	}
	return (int)count;
}

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "rig: %s\n", what);
	exit(1);
}

static int64_t rig_wall(const struct clock *self)
{
	return ((const struct rig *)self)->wall;
}

static int64_t rig_mono(const struct clock *self)
{
	return ((const struct rig *)self)->mono;
}

static struct rig *rig_of(struct fetcher *self)
{
	return (struct rig *)(void *)((char *)self - offsetof(struct rig, fetcher));
}

static enum sk_err fetch_start(struct fetcher *self, struct fetch_job *job)
{
	struct rig *r = rig_of(self);

	r->fetches++;
	if (r->refuse)
		return r->refuse;
	need(r->job_count < RIG_JOBS, "too many jobs");
	r->jobs[r->job_count++] = job;
	return SK_OK;
}

static void take_job(struct rig *r, size_t i)
{
	r->job_count--;
	memmove(&r->jobs[i], &r->jobs[i + 1], (r->job_count - i) * sizeof(r->jobs[0]));
}

static void fetch_stop(struct fetcher *self, struct fetch_job *job)
{
	struct rig *r = rig_of(self);

	for (size_t i = 0; i < r->job_count; i++) {
		if (r->jobs[i] == job) {
			take_job(r, i);
			r->stopped++;
			return;
		}
	}
	need(false, "a job was stopped that is not there");
}

static void end_job(struct rig *r, const struct fetch_result *result)
{
	struct fetch_job *job;

	need(r->job_count > 0, "nothing is being fetched");
	job = r->jobs[0];
	take_job(r, 0);
	job->done(job, result);
}

void rig_serve(struct rig *r, enum sk_err err)
{
	struct fetch_result result = { .err = err };

	freshness_init(&result.headers);
	if (!err)
		result.body = (struct sk_span){ r->chain.text, r->chain.len };
	end_job(r, &result);
}

void rig_serve_bytes(struct rig *r, const char *bytes, size_t len)
{
	struct fetch_result result = { .body = { bytes, len } };

	freshness_init(&result.headers);
	end_job(r, &result);
}

static void write_file(const struct rig *r, const char *name, const char *text, size_t len)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", r->folder, name);
	f = fopen(path, "w");
	need(f && fwrite(text, 1, len, f) == len && fclose(f) == 0, path);
	need(chmod(path, 0600) == 0, path);
}

static void make_files(struct rig *r)
{
	EVP_PKEY *draft = pki_vector_key("draft-stir-passport.key.pem");
	struct {
		struct pki_text chain, anchors;
	} *other = calloc(1, sizeof(*other));
	const char *base = getenv("TMPDIR");
	size_t len;
	char *key;

	need(other != NULL, "memory");
	EVP_PKEY_free(pki_simple(draft, &r->chain, &r->anchors));
	EVP_PKEY_free(pki_simple(NULL, &other->chain, &other->anchors));
	EVP_PKEY_free(draft);
	snprintf(r->folder, sizeof(r->folder), "%.200s/rig-XXXXXX", base ? base : P_tmpdir);
	need(mkdtemp(r->folder) != NULL, "a folder");
	key = pki_vector("keys/draft-stir-passport.key.pem", &len);
	write_file(r, "key.pem", key, len);
	write_file(r, "chain.pem", r->chain.text, r->chain.len);
	write_file(r, "anchors.pem", r->anchors.text, r->anchors.len);
	write_file(r, "other.pem", other->anchors.text, other->anchors.len);
	free(other);
	free(key);
}

enum {
	YAML_SIZE = 16384
};

/* @return the length of what is in `text` */
static size_t expand(const struct rig *r, const char *yaml, char text[YAML_SIZE])
{
	size_t len = 0;

	for (; *yaml; yaml++) {
		need(len + sizeof(r->folder) < YAML_SIZE, "a shorter configuration");
		if (*yaml == '@')
			len += (size_t)snprintf(text + len, YAML_SIZE - len, "%s", r->folder);
		else
			text[len++] = *yaml;
	}
	text[len] = '\0';
	return len;
}

static void need_loaded(bool loaded, const char *text, struct complaints *complaints)
{
	for (size_t i = 0; !loaded && i < complaints->count; i++)
		fprintf(stderr, "%s\n", complaints->items[i]);
	need(loaded, text);
	complaints_deinit(complaints);
}

static struct conf *load_conf(const struct rig *r, const char *yaml)
{
	struct complaints complaints = { 0 };
	struct conf *conf = NULL;
	char text[YAML_SIZE];
	size_t len = expand(r, yaml, text);
	bool loaded = conf_load_text(text, len, "rig", &conf, &complaints);

	need_loaded(loaded, text, &complaints);
	return conf;
}

static struct sk_trust *load_trust(const struct conf *conf)
{
	struct sk_trust *trust = NULL;
	char why[256] = "";

	need(trust_files_load(&conf->trust, &trust, why), why);
	return trust;
}

static struct tenant_parts parts_of(const struct rig *r, const struct conf *conf)
{
	return (struct tenant_parts){
		.clock = &r->clock, .tally = r->tally, .tokens = r->tokens, .lab = conf->certs.lab
	};
}

static struct tenant *load_tenant(const struct rig *r, struct conf *conf)
{
	struct tenant_parts parts = parts_of(r, conf);
	char why[KEYSTORE_WHY_SIZE] = "";
	struct tenant *tenant = tenant_new(conf, &parts, why);

	need(tenant != NULL, why);
	return tenant;
}

static struct tenant *load_file(const struct rig *r, const struct conf *conf,
				const struct rig_tenant *file)
{
	struct tenant_parts parts = parts_of(r, conf);
	struct complaints complaints = { 0 };
	char why[KEYSTORE_WHY_SIZE] = "", path[512], text[YAML_SIZE];
	size_t len = expand(r, file->yaml, text);
	struct tenant_conf *set = NULL;
	struct tenant *tenant;
	bool loaded;

	snprintf(path, sizeof(path), "%s/%s.yaml", r->folder, file->name);
	loaded = tenant_conf_load(text, len, path, conf, &set, &complaints);
	need_loaded(loaded, text, &complaints);
	tenant = tenant_of_file(set, &parts, why);
	need(tenant != NULL, why);
	return tenant;
}

static struct directory *load_directory(const struct rig *r, struct conf *conf, struct tenant *main,
					const struct rig_tenant *files, size_t count)
{
	struct tenant *tenants[RIG_TENANTS] = { NULL };
	char why[DIRECTORY_WHY_SIZE] = "";
	struct directory *directory;

	need(count <= RIG_TENANTS, "fewer tenants");
	for (size_t i = 0; i < count; i++)
		tenants[i] = load_file(r, conf, &files[i]);
	directory = directory_new(conf, count == 0 || conf->tenants.fallback ? main : NULL, tenants,
				  count, why);
	need(directory != NULL, why);
	for (size_t i = 0; i < count; i++)
		tenant_unref(tenants[i]);
	return directory;
}

struct rig *rig_new(const char *yaml)
{
	return rig_new_with(yaml, NULL, 0);
}

struct rig *rig_new_with(const char *yaml, const struct rig_tenant *tenants, size_t count)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct certs_parts certs_parts;
	struct front_parts parts;
	struct addr at;
	char why[256] = "", log[512];

	need(r != NULL, "memory");
	r->clock = (struct clock){ rig_wall, rig_mono };
	r->fetcher = (struct fetcher){ .start = fetch_start, .stop = fetch_stop };
	r->wall = PKI_NOW;
	r->mono = 1000000;
	answer_count = 0;
	make_files(r);
	r->conf = load_conf(r, yaml);
	r->loop = loop_new();
	need(r->loop != NULL, "a loop");
	snprintf(log, sizeof(log), "%s/log", r->folder);
	need(log_open(log, LEVEL_DEBUG, &r->log, why), why);
	r->tally = tally_new(4 * RIG_TENANTS);
	need(r->tally != NULL, "memory");
	need(tokens_new(r->loop, &r->clock, &r->conf->hsm, &r->tokens, why), why);
	r->tenant = load_tenant(r, r->conf);
	r->directory = load_directory(r, r->conf, r->tenant, tenants, count);
	certs_parts =
		(struct certs_parts){ .loop = r->loop, .clock = &r->clock, .fetcher = &r->fetcher };
	need(certs_new(&certs_parts, r->conf, load_trust(r->conf), &r->certs, why), why);
	parts = (struct front_parts){ .loop = r->loop,
				      .log = r->log,
				      .clock = &r->clock,
				      .certs = r->certs,
				      .counters = &r->counters,
				      .tokens = r->tokens,
				      .tally = r->tally };
	need(front_new(&parts, r->directory, &r->front, why), why);
	need(addr_parse(SK_SPAN("127.0.0.1:0"), &at), "an address");
	need(udp_new(r->loop, &at, 65536, front_on_packet, r->front, &r->socket, why), why);
	return r;
}

void rig_reload(struct rig *r, const char *yaml)
{
	rig_reload_with(r, yaml, NULL, 0);
}

void rig_reload_with(struct rig *r, const char *yaml, const struct rig_tenant *tenants,
		     size_t count)
{
	struct conf *conf = load_conf(r, yaml);
	struct tenant *tenant = load_tenant(r, conf);
	struct directory *directory = load_directory(r, conf, tenant, tenants, count);
	char why[256] = "";

	need(certs_reload(r->certs, conf, load_trust(conf), why), why);
	front_set_directory(r->front, directory);
	directory_unref(r->directory);
	tenant_unref(r->tenant);
	conf_unref(r->conf);
	r->directory = directory;
	r->tenant = tenant;
	r->conf = conf;
}

uint64_t rig_tally(const struct rig *r, const char *name, enum tally_count what)
{
	struct tally_slot *slot = tally_slot(r->tally, sk_span_of(name));

	need(slot != NULL, name);
	return atomic_load(&slot->n[what]);
}

static void remove_file(const struct rig *r, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", r->folder, name);
	unlink(path);
}

void rig_free(struct rig *r)
{
	static const char *const files[] = { "key.pem", "chain.pem", "anchors.pem", "other.pem",
					     "log" };

	front_free(r->front);
	udp_free(r->socket);
	certs_free(r->certs);
	directory_unref(r->directory);
	tenant_unref(r->tenant);
	tokens_free(r->tokens);
	loop_free(r->loop);
	log_close(r->log);
	conf_unref(r->conf);
	tally_free(r->tally);
	for (size_t i = 0; i < SK_COUNT(files); i++)
		remove_file(r, files[i]);
	rmdir(r->folder);
	free(r);
}

static const char * or (const char *text, const char *usual)
{
	return text ? text : usual;
}

size_t rig_print(const struct dial *d, char *out, size_t size)
{
	const char *method = or (d->method, "INVITE");
	int n = snprintf(out, size,
			 "%s %s SIP/2.0\r\n"
			 "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=%s;rport\r\n"
			 "Max-Forwards: 69\r\n"
			 "To: %s\r\n"
			 "From: %s%s\r\n"
			 "Call-ID: %s\r\n"
			 "CSeq: 1 %s\r\n"
			 "%s"
			 "Content-Length: 0\r\n\r\n",
			 method, or (d->uri, "sip:+" RIG_DEST "@sti.example.net;user=phone"),
			 or (d->branch, "z9hG4bK-rig"),
			 or (d->to, "<sip:+" RIG_DEST "@example.net;user=phone>"),
			 or (d->from, "\"Bob\" <sip:+" RIG_ORIG "@example.com;user=phone>"),
			 or (d->tag, ";tag=19"), or (d->call_id, "call-1"), method,
			 or (d->more, ""));

	need(n > 0 && (size_t)n < size, "a shorter request");
	return (size_t)n;
}

void rig_datagram(struct rig *r, const char *bytes, size_t len, unsigned port)
{
	char source[64];

	snprintf(source, sizeof(source), "127.0.0.1:%u", port ? port : 5060);
	rig_datagram_from(r, bytes, len, source);
}

void rig_datagram_from(struct rig *r, const char *bytes, size_t len, const char *source)
{
	struct packet g = { .bytes = { bytes, len }, .socket = r->socket };

	need(addr_parse(sk_span_of(source), &g.source), "an address");
	g.local = *udp_local(r->socket);
	if (len > UDP_DATAGRAM_MAX) {
		g.fault = PACKET_CUT;
		g.bytes.len = UDP_DATAGRAM_MAX;
	}
	front_on_packet(r->front, &g);
}

const char *rig_dial(struct rig *r, const struct dial *d)
{
	char text[RIG_TEXT], source[64];
	size_t len = rig_print(d, text, sizeof(text));

	snprintf(source, sizeof(source), "%.40s:%u", or (d->source, "127.0.0.1"),
		 d->from_port ? d->from_port : 5060);
	rig_datagram_from(r, text, len, source);
	return rig_take(r);
}

const struct rig_answer *rig_take_answer(struct rig *r)
{
	static struct rig_answer taken;

	(void)r; /* the kernel's place is one for all rigs */
	if (answer_count == 0)
		return NULL;
	taken = answers[first_answer];
	first_answer = (first_answer + 1) % RIG_ANSWERS;
	answer_count--;
	return &taken;
}

const char *rig_take(struct rig *r)
{
	const struct rig_answer *a = rig_take_answer(r);

	return a ? a->text : "";
}

size_t rig_answers(const struct rig *r)
{
	(void)r;
	return answer_count;
}

const char *rig_wait(struct rig *r)
{
	int64_t until = clock_real_mono(NULL) + 60000;

	while (answer_count == 0 && clock_real_mono(NULL) < until)
		loop_step(r->loop, 10);
	return rig_take(r);
}

static void set_party(struct sk_party *party, const char *number)
{
	if (!number)
		return;
	party->kind = SK_PARTY_TN;
	snprintf(party->text, sizeof(party->text), "%s", number);
}

void rig_token(const struct rig_token *t, char *out, size_t size)
{
	struct sk_claims claims = { .iat = t->iat, .dest_count = 1, .rph = t->rph, .rcd = t->rcd };
	struct sk_credential *credential = NULL;
	struct sk_key *key = NULL;
	size_t len;
	char *pem = pki_vector("keys/draft-stir-passport.key.pem", &len);

	set_party(&claims.orig, t->orig ? t->orig : RIG_ORIG);
	set_party(&claims.dest[0], t->dest ? t->dest : RIG_DEST);
	set_party(&claims.div, t->div);
	if (t->ppt == SK_PPT_SHAKEN) {
		claims.attest = t->attest ? t->attest : SK_ATTEST_A;
		snprintf(claims.origid, sizeof(claims.origid),
			 "123e4567-e89b-12d3-a456-426655440000");
	}
	need(!sk_key_new(pem, len, &key), "a key");
	need(!sk_credential_new(sk_span_of(t->x5u ? t->x5u : RIG_X5U), SK_URL_STRICT, t->ppt,
				sk_key_signer(key), &credential),
	     "a credential");
	need(!sk_sign(credential, &claims, out, size, &len), "a signature");
	if (t->spoiled) {
		char *at = strstr(out, ";info") - 10;

		*at = *at == 'A' ? 'B' : 'A';
	}
	sk_credential_free(credential);
	sk_key_free(key);
	free(pem);
}

void rig_identity(const struct rig *r, const char *x5u, const char *orig, const char *dest,
		  int64_t iat, char *out, size_t size)
{
	const struct rig_token t = {
		.ppt = SK_PPT_SHAKEN, .x5u = x5u, .orig = orig, .dest = dest, .iat = iat
	};
	char value[SK_IDENTITY_SIZE];

	(void)r;
	rig_token(&t, value, sizeof(value));
	snprintf(out, size, "Identity: %s\r\n", value);
}

const char *rig_header(const char *answer, const char *name)
{
	static char value[RIG_TEXT];
	size_t len = strlen(name);

	for (const char *line = strchr(answer, '\n'); line; line = strchr(line + 1, '\n')) {
		if (strncmp(line + 1, name, len) != 0 || strncmp(line + 1 + len, ": ", 2) != 0)
			continue;
		snprintf(value, sizeof(value), "%s", line + 1 + len + 2);
		value[strcspn(value, "\r")] = '\0';
		return value;
	}
	return "";
}

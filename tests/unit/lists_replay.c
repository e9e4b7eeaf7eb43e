/*
 * Nothing happens by itself: a fetch ends when the story says so, and the timer
 * fires when lists_pass() comes by.
 */
#include "lists_replay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct pki_cert lists_admin, lists_stranger, lists_signer, lists_forger;
struct provider lists_a, lists_b;
struct pki_text lists_signer_pem, lists_forger_pem;

static char folder[] = "/tmp/lists-XXXXXX";
static char paths[16][64];
static size_t path_count;

struct timer {
	struct lists_world *world;
	timer_h *handler;
	void *arg;
	int64_t due; /* of the monotonic clock; -1: not running */
};
static struct timer the_timer;

struct timer *__wrap_timer_new(struct loop *loop, timer_h *handler, void *arg);
bool __wrap_timer_set(struct timer *timer, int64_t ms);
void __wrap_timer_free(struct timer *timer);

struct timer *__wrap_timer_new(struct loop *loop, timer_h *handler, void *arg)
{
	the_timer = (struct timer){ (struct lists_world *)(void *)loop, handler, arg, -1 };
	return &the_timer;
}

bool __wrap_timer_set(struct timer *timer, int64_t ms)
{
	timer->due = timer->world->clock.mono + ms;
	return true;
}

void __wrap_timer_free(struct timer *timer)
{
	if (timer)
		timer->due = -1;
}

void __wrap_log_print(struct log *log, enum log_level level, const char *fmt, ...) SK_PRINTF(3, 4);

void __wrap_log_print(struct log *log, enum log_level level, const char *fmt, ...)
{
	static const char *const levels[] = { "error", "warning", "info", "debug", "asked" };
	struct lists_world *w = (struct lists_world *)(void *)log;
	const size_t room = sizeof(w->log) - w->log_len;
	va_list args;
	int n = snprintf(w->log + w->log_len, room, "%s ", levels[level]);

	va_start(args, fmt);
	n += vsnprintf(w->log + w->log_len + n, room - (size_t)n, fmt, args);
	va_end(args);
	if ((size_t)n + 2 > room)
		abort();
	w->log_len += (size_t)n;
	w->log[w->log_len++] = '\n';
	w->log[w->log_len] = '\0';
}

static void make_provider(struct provider *p, const char *name)
{
	char root[64], mid[64];
	/* without a CRL point: only the administrator's list speaks for these */
	const struct pki_spec leaf = { .crldp = "" };

	snprintf(root, sizeof(root), "SHAKEN ROOT %s", name);
	snprintf(mid, sizeof(mid), "SHAKEN CA %s", name);
	p->root = pki_issue(&(struct pki_spec){ .cn = root }, PKI_ROOT, NULL, NULL);
	p->mid = pki_issue(&(struct pki_spec){ .cn = mid, .crldp = "" }, PKI_MID, &p->root, NULL);
	p->leaf = pki_issue(&leaf, PKI_LEAF, &p->mid, NULL);
	pki_add_cert(&p->chain, p->leaf.cert);
	pki_add_cert(&p->chain, p->mid.cert);
	pki_add_cert(&p->anchor, p->root.cert);
}

void lists_init(void)
{
	const struct pki_spec pa = { .cn = "STI-PA ROOT" };
	const struct pki_spec lists = { .cn = "STI-PA lists", .tnauth = "", .crldp = "" };

	if (!mkdtemp(folder))
		abort();
	lists_admin = pki_issue(&pa, PKI_ROOT, NULL, NULL);
	lists_stranger = pki_issue(&pa, PKI_ROOT, NULL, NULL);
	lists_signer = pki_issue(&lists, PKI_LEAF, &lists_admin, NULL);
	lists_forger = pki_issue(&lists, PKI_LEAF, &lists_stranger, NULL);
	pki_add_cert(&lists_signer_pem, lists_signer.cert);
	pki_add_cert(&lists_forger_pem, lists_forger.cert);
	make_provider(&lists_a, "A");
	make_provider(&lists_b, "B");
}

static void drop_provider(struct provider *p)
{
	pki_drop(&p->root);
	pki_drop(&p->mid);
	pki_drop(&p->leaf);
}

void lists_done(void)
{
	for (size_t i = 0; i < path_count; i++)
		unlink(paths[i]);
	rmdir(folder);
	pki_drop(&lists_admin);
	pki_drop(&lists_stranger);
	pki_drop(&lists_signer);
	pki_drop(&lists_forger);
	drop_provider(&lists_a);
	drop_provider(&lists_b);
}

static const char *path_of(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (size_t i = 0; i < path_count; i++)
		if (strcmp(paths[i], path) == 0)
			return paths[i];
	if (path_count == sizeof(paths) / sizeof(paths[0]))
		abort();
	memcpy(paths[path_count], path, sizeof(path));
	return paths[path_count++];
}

const char *lists_file(const char *name, const char *text, mode_t mode)
{
	const char *path = path_of(name);
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file) != 0 || chmod(path, mode) != 0)
		abort();
	return path;
}

void lists_add(struct text_list *list, const char *text)
{
	list->items = realloc(list->items, (list->count + 1) * sizeof(*list->items));
	if (!list->items)
		abort();
	list->items[list->count++] = strdup(text);
}

void lists_set_text(char **setting, const char *text)
{
	free(*setting);
	*setting = strdup(text);
}

struct conf *lists_conf(void)
{
	struct conf *conf = calloc(1, sizeof(*conf));
	struct pki_text *pem = calloc(1, sizeof(*pem));

	if (!conf || !pem)
		abort();
	conf->refs = 1;
	conf->trust.refresh = HOUR;
	conf->trust.profile = SK_PROFILE_OFF;
	pki_add_cert(pem, lists_admin.cert);
	lists_add(&conf->trust.administrator, lists_file("admin.pem", pem->text, 0644));
	free(pem);
	return conf;
}

static enum sk_err net_start(struct fetcher *self, struct fetch_job *job)
{
	struct lists_net *net = (struct lists_net *)self;

	if (net->refuse != SK_OK)
		return net->refuse;
	if (net->count == SK_COUNT(net->jobs))
		abort();
	net->jobs[net->count++] = job;
	net->started++;
	return SK_OK;
}

static void net_stop(struct fetcher *self, struct fetch_job *job)
{
	struct lists_net *net = (struct lists_net *)self;

	for (size_t i = 0; i < net->count; i++) {
		if (net->jobs[i] == job) {
			net->jobs[i] = net->jobs[--net->count];
			net->stopped++;
			return;
		}
	}
	abort(); /* stopped a job that is not under way */
}

static void net_keep(struct fetcher *self, const struct fetch_kept *kept)
{
	struct lists_net *net = (struct lists_net *)self;

	net->kept++;
	net->kept_until = kept->until;
	snprintf(net->last_kept, sizeof(net->last_kept), "%.*s", (int)kept->url.len, kept->url.ptr);
}

static int64_t fake_wall(const struct clock *self)
{
	return ((const struct lists_clock *)self)->wall;
}

static int64_t fake_mono(const struct clock *self)
{
	return ((const struct lists_clock *)self)->mono;
}

static void on_trust(void *arg, struct sk_trust *trust)
{
	struct lists_world *w = arg;

	sk_trust_free(w->trust);
	w->trust = trust;
	w->swaps++;
}

static bool begin(struct lists_world *w, struct conf *conf, bool network)
{
	struct lists_parts parts = { .loop = (struct loop *)(void *)w,
				     .clock = &w->clock.base,
				     .fetcher = network ? &w->net.base : NULL,
				     .log = (struct log *)(void *)w };

	*w = (struct lists_world){
		.net.base = { .start = net_start, .stop = net_stop, .keep = net_keep },
		.clock = { { fake_wall, fake_mono }, PKI_NOW, 1000000 },
		.conf = conf,
	};
	return lists_new(&parts, conf, on_trust, w, &w->lists, &w->trust, w->why);
}

bool lists_begin(struct lists_world *w, struct conf *conf)
{
	return begin(w, conf, true);
}

bool lists_check(struct lists_world *w, struct conf *conf)
{
	const bool ok = begin(w, conf, false);

	lists_end(w);
	return ok;
}

size_t lists_end(struct lists_world *w)
{
	lists_free(w->lists);
	sk_trust_free(w->trust);
	conf_unref(w->conf);
	return w->net.count;
}

void lists_pass(struct lists_world *w, int64_t seconds)
{
	const int64_t end = w->clock.mono + seconds * 1000;
	const int64_t wall = w->clock.wall, mono = w->clock.mono;

	while (the_timer.due >= 0 && the_timer.due <= end) {
		if (the_timer.due > w->clock.mono)
			w->clock.mono = the_timer.due;
		w->clock.wall = wall + (w->clock.mono - mono) / 1000;
		the_timer.due = -1;
		the_timer.handler(the_timer.arg);
		if (the_timer.due == w->clock.mono)
			the_timer.due++; /* what is due again at once is due a moment later */
	}
	w->clock.mono = end;
	w->clock.wall = wall + seconds;
}

struct fetch_job *lists_asked(struct lists_world *w, const char *url)
{
	for (size_t i = 0; i < w->net.count; i++)
		if (sk_span_eq(w->net.jobs[i]->url, sk_span_of(url)))
			return w->net.jobs[i];

	return NULL;
}

static void finish(struct lists_world *w, const char *url, struct fetch_result *result)
{
	struct fetch_job *job = lists_asked(w, url);

	if (!job) {
		fprintf(stderr, "test: %s is not being fetched\n", url);
		abort();
	}
	for (size_t i = 0; i < w->net.count; i++)
		if (w->net.jobs[i] == job)
			w->net.jobs[i] = w->net.jobs[w->net.count - 1];
	w->net.count--;
	freshness_init(&result->headers);
	if (result->err == SK_OK && !result->not_modified)
		freshness_header(&result->headers, SK_SPAN("ETag: \"e1\""));
	job->done(job, result);
}

void lists_answer(struct lists_world *w, const char *url, const char *body)
{
	finish(w, url, &(struct fetch_result){ .body = sk_span_of(body) });
}

void lists_fail(struct lists_world *w, const char *url, enum sk_err err)
{
	finish(w, url, &(struct fetch_result){ .err = err });
}

void lists_unchanged(struct lists_world *w, const char *url)
{
	finish(w, url, &(struct fetch_result){ .not_modified = true });
}

void lists_from_store(struct lists_world *w, const char *url, const char *body, int64_t fetched)
{
	finish(w, url,
	       &(struct fetch_result){ .body = sk_span_of(body),
				       .stored = true,
				       .fetched = fetched,
				       .until = fetched + DAY });
}

enum sk_err lists_judge(const struct lists_world *w, const struct provider *who)
{
	SK_CLEANUP(sk_chain_free_p) struct sk_chain *chain = NULL;

	if (sk_chain_new(who->chain.text, who->chain.len, &chain) != SK_OK)
		abort();
	return sk_trust_check(w->trust, chain, w->clock.wall, NULL);
}

unsigned lists_said(const struct lists_world *w, const char *words)
{
	unsigned count = 0;

	for (const char *line = w->log; *line; line = strchr(line, '\n') + 1) {
		const char *at = strstr(line, words);

		count += at && at < strchr(line, '\n');
	}
	return count;
}

bool lists_reload(struct lists_world *w, struct conf *conf)
{
	struct lists_next *next = NULL;
	struct sk_trust *trust = NULL;
	const bool ok = lists_prepare(w->lists, conf, &next, &trust, w->why);

	if (ok) {
		lists_commit(w->lists, next);
		sk_trust_free(w->trust);
		w->trust = trust;
	}
	conf_unref(w->conf);
	w->conf = conf;
	return ok;
}

char *lists_crl(const struct pki_crl *spec, const struct pki_cert *by)
{
	struct pki_text *text = calloc(1, sizeof(*text));
	char *out;

	if (!text)
		abort();
	pki_add_crl(text, spec, by);
	out = strdup(text->text);
	free(text);
	return out;
}

/*
 * Fetches every URL of the command line, all at once on the loop or (--once) one
 * by one in the blocking form, and prints a line for each: URL, outcome, bytes.
 * --first is fetched before the others, so that its host has answered once; --ours says
 * that the configuration asks.  --stop ends after so many milliseconds with the fetches still under
 * way.  It is its own name server, too: what getaddrinfo() below says of a name is what curl hears.
 */
#include "redirector/certs/fetch.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	URLS = 256,
	SILENCE = 600, /* seconds; longer than the test waits for the end of us */
};

/* A name under .silent.example is never answered, and one under .inside.example is this machine. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **out)
{
	static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	bool inside = name && strstr(name, ".inside.example");

	if (name && strstr(name, ".silent.example")) {
		sleep(SILENCE);
		return EAI_AGAIN;
	}
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(inside ? "127.0.0.1" : name, service, hints, out);
}

struct driver {
	struct certs_conf conf;
	struct text_map resolve;
	const char *urls[URLS], *first;
	int count, open;
	bool once;
	long stop;
	struct fetch_job like; /* what all jobs have in common */
	struct loop *loop;
	struct fetch_job jobs[URLS];
};

static void print(const char *url, enum sk_err err, bool not_modified, size_t len)
{
	printf("%s\t%s\t%zu\n", url, not_modified ? "304" : sk_err_name(err), len);
	fflush(stdout);
}

static void ended(struct driver *d)
{
	if (--d->open == 0)
		loop_stop(d->loop);
}

static void on_done(struct fetch_job *job, const struct fetch_result *result)
{
	print(job->url.ptr, result->err, result->not_modified, result->body.len);
	ended(job->arg);
}

static void on_stop(void *arg)
{
	struct driver *d = arg;

	loop_stop(d->loop);
}

static bool start(struct driver *d, struct fetcher *fetcher, struct fetch_job *job, const char *url)
{
	enum sk_err err;

	*job = d->like;
	job->url = sk_span_of(url);
	job->done = on_done;
	job->arg = d;
	err = fetcher->start(fetcher, job);
	if (err != SK_OK)
		print(url, err, false, 0);
	return err == SK_OK;
}

/* It has time: that its host has answered is what the others need. */
static bool fetch_first(struct driver *d, struct fetcher *fetcher, char why[256])
{
	struct certs_conf patient = d->conf;
	struct fetch_job job;

	patient.timeout = 20000;
	if (!fetcher->reload(fetcher, &patient, why))
		return false;
	d->open = 1;
	if (start(d, fetcher, &job, d->first))
		loop_run(d->loop);
	return fetcher->reload(fetcher, &d->conf, why);
}

static bool on_loop(struct driver *d)
{
	SK_CLEANUP(loop_free_p) struct loop *loop = loop_new();
	SK_CLEANUP(fetch_curl_free_p) struct fetcher *fetcher = NULL;
	SK_CLEANUP(timer_free_p) struct timer *timer = NULL;
	char why[256];

	if (!loop || !fetch_curl_new(loop, &d->conf, &fetcher, why)) {
		fprintf(stderr, "%s\n", loop ? why : "no loop");
		return false;
	}
	d->loop = loop;
	timer = timer_new(loop, on_stop, d);
	if (!timer || (d->stop > 0 && !timer_set(timer, d->stop)))
		return false;
	if (d->first && !fetch_first(d, fetcher, why)) {
		fprintf(stderr, "%s\n", why);
		return false;
	}
	d->open = 1;
	for (int i = 0; i < d->count; i++)
		d->open += start(d, fetcher, &d->jobs[i], d->urls[i]);
	if (--d->open > 0)
		loop_run(loop);
	for (int i = 0; i < d->count; i++)
		fetcher->stop(fetcher, &d->jobs[i]); /* what is done already is passed over */
	return true;
}

static void one_by_one(struct driver *d)
{
	for (int i = 0; i < d->count; i++) {
		char *body = NULL;
		size_t len = 0;
		enum sk_err err = fetch_once(&d->conf, sk_span_of(d->urls[i]), &body, &len);

		print(d->urls[i], err, false, len);
		free(body);
	}
}

static void add_route(struct driver *d, char *text)
{
	char *equals = strchr(text, '=');
	size_t n = d->resolve.count;

	if (!equals || n == 16)
		return;
	*equals = '\0';
	d->resolve.keys[n] = text;
	d->resolve.values[n] = equals + 1;
	d->resolve.count++;
}

static void read_args(struct driver *d, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--lab") == 0)
			d->conf.lab = true;
		else if (strcmp(argv[i], "--once") == 0)
			d->once = true;
		else if (strcmp(argv[i], "--ca") == 0 && i + 1 < argc)
			d->conf.tls_ca = argv[++i];
		else if (strcmp(argv[i], "--timeout") == 0 && i + 1 < argc)
			d->conf.timeout = atol(argv[++i]);
		else if (strcmp(argv[i], "--queue") == 0 && i + 1 < argc)
			d->conf.queue = atol(argv[++i]);
		else if (strcmp(argv[i], "--stop") == 0 && i + 1 < argc)
			d->stop = atol(argv[++i]);
		else if (strcmp(argv[i], "--etag") == 0 && i + 1 < argc)
			d->like.etag = sk_span_of(argv[++i]);
		else if (strcmp(argv[i], "--max") == 0 && i + 1 < argc)
			d->like.max = (size_t)atol(argv[++i]);
		else if (strcmp(argv[i], "--ours") == 0)
			d->like.ours = true;
		else if (strcmp(argv[i], "--first") == 0 && i + 1 < argc)
			d->first = argv[++i];
		else if (strcmp(argv[i], "--bearer") == 0 && i + 1 < argc)
			d->like.bearer = sk_span_of(argv[++i]);
		else if (strcmp(argv[i], "--post") == 0 && i + 1 < argc)
			d->like.post = sk_span_of(argv[++i]);
		else if (strcmp(argv[i], "--host") == 0 && i + 1 < argc)
			d->conf.hosts = (struct text_list){ &argv[++i], 1 };
		else if (strcmp(argv[i], "--resolve") == 0 && i + 1 < argc)
			add_route(d, argv[++i]);
		else if (d->count < URLS)
			d->urls[d->count++] = argv[i];
	}
	d->conf.resolve = d->resolve;
}

int main(int argc, char **argv)
{
	char empty[] = "", *keys[16], *values[16];
	struct rusage usage;
	static struct driver d;

	d.conf = (struct certs_conf){
		.tls_ca = empty, .timeout = 1000, .parallel = 16, .per_host = 16, .queue = URLS
	};
	d.resolve = (struct text_map){ keys, values, 0 };
	read_args(&d, argc, argv);
	if (d.once)
		one_by_one(&d);
	else if (!on_loop(&d))
		return 1;
	getrusage(RUSAGE_SELF, &usage);
	printf("rss\t%ld\n", usage.ru_maxrss);
	return 0;
}

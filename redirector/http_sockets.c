/*
 * What the settings are was checked with the configuration; an address that somebody else has is
 * found here, and ends the start with the name of the setting.  But health is there without being
 * asked for: a second instance, or whatever has its port, must not keep calls from being served.
 */
#include "redirector/http_sockets.h"

#include "redirector/net/group.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* As in config/rows_http.inc: a test compares. */
#define HEALTH_DEFAULT "127.0.0.1:8060"

bool http_sockets_wanted(const struct conf *conf)
{
	return conf->http.listen.count > 0 || conf->http.health[0] != '\0';
}

/* A group of one: SO_REUSEADDR, IPv6 apart from IPv4, and nobody shares the address. */
static bool open_one(const struct conf *conf, const char *setting, const char *address,
		     enum http_door door, struct http_sockets *out, char why[256])
{
	const struct group_set set = { .kind = GROUP_TCP,
				       .count = 1,
				       .backlog = (int)conf->http.backlog };
	char reason[256] = "no address";
	struct group group;
	struct addr at;
	int error;

	errno = EINVAL;
	if (out->count < HTTP_LISTEN_MAX && addr_parse(sk_span_of(address), &at) &&
	    group_open(&at, &set, &group, reason)) {
		out->items[out->count++] = (struct http_socket){ group.fds[0], door };
		return true;
	}
	error = errno;
	snprintf(why, 256, "%s: %.200s", setting, reason);
	errno = error;
	return false;
}

bool http_sockets_open(const struct conf *conf, struct http_sockets *out, char why[256])
{
	const struct http_conf *set = &conf->http;
	size_t len;
	int error;

	for (size_t i = 0; i < set->listen.count; i++) {
		const char *entry = set->listen.items[i];
		const char *colon = strchr(entry, ':');
		bool tls = strncmp(entry, "https:", 6) == 0;

		if (!open_one(conf, "http.listen", colon ? colon + 1 : "",
			      tls ? DOOR_HTTPS : DOOR_HTTP, out, why))
			return false;
	}
	if (set->health[0] == '\0' ||
	    open_one(conf, "http.health", set->health, DOOR_HEALTH, out, why))
		return true;
	error = errno;
	len = strlen(why);
	if (error != EADDRINUSE || strcmp(set->health, HEALTH_DEFAULT) != 0) {
		snprintf(why + len, 256 - len, "; set another address, or \"\" for none");
		errno = error;
		return false;
	}
	snprintf(out->left_out, sizeof(out->left_out),
		 "%.60s; SIP is served without it: set another address, or none", why);
	return true;
}

/* A descriptor that is only closed here would stay open elsewhere, and the kernel would go on to
 * complete connections. */
void http_sockets_refuse(const struct http_sockets *s)
{
	for (size_t i = 0; i < s->count; i++)
		shutdown(s->items[i].fd, SHUT_RDWR);
}

void http_sockets_close(struct http_sockets *s)
{
	for (size_t i = 0; i < s->count; i++)
		close(s->items[i].fd);
	s->count = 0;
}

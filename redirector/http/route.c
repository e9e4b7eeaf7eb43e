#include "redirector/http/route.h"

#include <assert.h>
#include <string.h>

void routes_add(struct routes *routes, const struct route *route)
{
	assert(routes->count < ROUTES_MAX);
	for (size_t i = 0; i < routes->count; i++)
		assert(routes->items[i].exact != route->exact ||
		       strcmp(routes->items[i].path, route->path) != 0);
	routes->items[routes->count++] = *route;
}

/* How much of the path it takes; 0: none. */
static size_t fits(const struct route *r, struct sk_span path)
{
	size_t len = strlen(r->path);

	if (path.len < len || memcmp(path.ptr, r->path, len) != 0)
		return 0;
	if (path.len == len)
		return len + 1 + r->exact; /* an exact path wins */
	return r->path[len - 1] == '/' && !r->exact ? len : 0;
}

/* Can it be the one now? */
static bool is_there(const struct route *r, bool open)
{
	return (!r->on || *r->on) && (!open || r->who == ROUTE_ANYBODY);
}

static const struct route *find(const struct routes *routes, struct sk_span path, bool open)
{
	const struct route *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < routes->count; i++) {
		const struct route *r = &routes->items[i];
		size_t len = is_there(r, open) ? fits(r, path) : 0;

		if (len > most) {
			most = len;
			best = r;
		}
	}
	return best;
}

const struct route *routes_find(const struct routes *routes, struct sk_span path)
{
	return find(routes, path, false);
}

const struct route *routes_find_open(const struct routes *routes, struct sk_span path)
{
	return find(routes, path, true);
}

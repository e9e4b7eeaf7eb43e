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

const struct route *routes_find(const struct routes *routes, struct sk_span path)
{
	const struct route *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < routes->count; i++) {
		const struct route *r = &routes->items[i];
		size_t len = r->on && !*r->on ? 0 : fits(r, path);

		if (len > most) {
			most = len;
			best = r;
		}
	}
	return best;
}

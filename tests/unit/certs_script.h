/**
 * @file certs_script.h  Stories of the certificates' world in words
 *
 *   "ask a waits; 200 good Cache-Control: max-age=60; told 1 ok fetch; pass 1h; ask a ok memory"
 *
 * Statements, one after the other, ended by ";".  U is a URL: "a" is https://cert.example/a,
 * "b.example/x" is https://b.example/x.  T is a time: 30s 5m 24h 1d.  SEEN is "ok" or an outcome
 * without SK_, then maybe where from: map memory store fetch nowhere.
 *
 *   ask U waits | SEEN    a call asks, and waits or is told at once
 *   many N U              so many calls ask and wait
 *   told N SEEN           so many were told by the last end of a fetch
 *   leave                 whoever waits goes away
 *   200 CHAIN [HEADER | HEADER ...]     the newest fetch ends with this (certs_chains.h)
 *   304 [CHAIN]           the newest fetch ends so; CHAIN: a store had the body
 *   stored CHAIN T T      a store answers: fetched so long ago, fresh so much longer (may be -T)
 *   end OUTCOME           the newest fetch ends without a body
 *   refuse OUTCOME        what the network says at once from now on; "ok": nothing
 *   pass T, jump T        both clocks go on; the wall clock alone jumps (may be -T)
 *   at N                  the wall clock alone, seconds since the epoch
 *   fetches N, started N  under way, ever
 *   tag T                 the newest fetch asks with this entity tag; "none": without
 *   have T                ... and says that the owner's copy is so old; "none": has none
 *   kept N [T]            so many were kept for others; the last is fresh so long from now
 *   trust WHOM            another trust (certs_chains.h)
 *   suspect U             a signature did not verify
 *   hosts [HOST ...]      a reload with this allow-list
 *   set NAME N            a reload: entries, waiting, fetch, lifetime (seconds)
 *   breaker N             a breaker is in front of the network: first, if at all
 *   entries N             in memory
 *   count NAME N          a counter
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** @param where  On failure the statement that is not so, and what was seen */
bool script_tell(const char *story, char *where, size_t size);

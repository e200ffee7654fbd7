/* A bytecode interpreter: a jump table, a small stack in memory, n rounds of a program that sieves primes. */
#include "bench.h"
#include <string.h>

enum op { PUSH, LOAD, STORE, ADD, MUL, XOR, LESS, JUMP, JUMP_IF_ZERO, PEEK, POKE, DUP, HALT };
enum { SIEVE = 2048, I = 0, J = 1, SUM = 2 };

static int16_t code[80];

/*
 * i = 2
 * while (i < SIEVE) {
 *   if (cell[i] < 1) { sum ^= i * i; for (j = i + i; j < SIEVE; j = j + i) cell[j] = 1 }
 *   i = i + 1
 * }
 */
static void assemble(void) {
  int at = 0;
#define EMIT(...)                                                                                                      \
  do {                                                                                                                 \
    const int16_t part[] = {__VA_ARGS__};                                                                              \
    memcpy(code + at, part, sizeof part);                                                                              \
    at += sizeof part / sizeof *part;                                                                                  \
  } while (0)
  EMIT(PUSH, 2, STORE, I);
  int outer = at;
  EMIT(LOAD, I, PUSH, SIEVE, LESS, JUMP_IF_ZERO, 0);
  int whenDone = at - 1;
  EMIT(LOAD, I, PEEK, PUSH, 1, LESS, JUMP_IF_ZERO, 0);
  int whenComposite = at - 1;
  EMIT(LOAD, SUM, LOAD, I, DUP, MUL, XOR, STORE, SUM);
  EMIT(LOAD, I, LOAD, I, ADD, STORE, J);
  int inner = at;
  EMIT(LOAD, J, PUSH, SIEVE, LESS, JUMP_IF_ZERO, 0);
  int whenMarked = at - 1;
  EMIT(PUSH, 1, LOAD, J, POKE, LOAD, J, LOAD, I, ADD, STORE, J, JUMP, inner);
  code[whenComposite] = code[whenMarked] = (int16_t)at;
  EMIT(LOAD, I, PUSH, 1, ADD, STORE, I, JUMP, outer);
  code[whenDone] = (int16_t)at;
  EMIT(HALT);
}

static uint64_t interpret(uint8_t *cell, uint64_t seed) {
  uint64_t stack[16], variable[4] = {0, 0, seed, 0}, *sp = stack;
  for (const int16_t *pc = code;;) {
    switch ((enum op)*pc++) {
    case PUSH: *sp++ = (uint64_t)*pc++; break;
    case LOAD: *sp++ = variable[*pc++]; break;
    case STORE: variable[*pc++] = *--sp; break;
    case ADD: sp--, sp[-1] += sp[0]; break;
    case MUL: sp--, sp[-1] *= sp[0]; break;
    case XOR: sp--, sp[-1] ^= sp[0]; break;
    case LESS: sp--, sp[-1] = sp[-1] < sp[0]; break;
    case JUMP: pc = code + *pc; break;
    case JUMP_IF_ZERO: pc = *--sp ? pc + 1 : code + *pc; break;
    case PEEK: sp[-1] = cell[sp[-1]]; break;
    case POKE: sp -= 2, cell[sp[1]] = (uint8_t)sp[0]; break;
    case DUP: sp[0] = sp[-1], sp++; break;
    case HALT: return variable[SUM];
    }
  }
}

uint64_t vm(uint64_t n) {
  static uint8_t cell[SIEVE];
  uint64_t hash = 0;
  assemble();
  for (uint64_t i = 0; i < n; i++) {
    memset(cell, 0, sizeof cell);
    hash = mix(hash, interpret(cell, i));
  }
  return hash;
}

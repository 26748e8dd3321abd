# SPDX-License-Identifier: Apache-2.0
"""What decoders share: KV caches, batches of sequences, causal attention, greedy generation.

No result of a token depends on later tokens, on the chunk it came in, or on its batch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from models import reduce
from models.dimc import Operand
from models.fp32 import add
from models.reference import Reference


@dataclasses.dataclass
class LayerCache:
    """K and V of a layer: q int8 [kv_heads, tokens, hd'], e uint8 [kv_heads, tokens, hd'/block]."""

    k_q: np.ndarray
    k_e: np.ndarray
    v_q: np.ndarray
    v_e: np.ndarray

    def append(self, k: tuple[np.ndarray, np.ndarray], v: tuple[np.ndarray, np.ndarray]) -> None:
        for name, new in zip(("k_q", "k_e", "v_q", "v_e"), (*k, *v)):
            setattr(self, name, np.concatenate([getattr(self, name), new], axis=1))


class Cache:
    """The KV cache of one sequence; `tokens` counts what it holds."""

    def __init__(self, model: Decoder) -> None:
        c, block = model.config, model.block
        width = -(-c.head_dim // block) * block
        q = np.zeros((c.n_kv_heads, 0, width), np.int8)
        e = np.zeros((c.n_kv_heads, 0, width // block), np.uint8)
        self.tokens = 0
        self.layers = [LayerCache(q, e, q, e) for _ in range(c.n_layers)]


class Decoder(Reference):
    """A decoder; a family's page gives `_embed`, `_heads`, `_wo`, `_ffn` and `_head`.

    In a batch the tensors of attention proper come to the trace once per sequence, all others once
    with the rows of all sequences.
    """

    def forward(self, tokens: Sequence[int], cache: Cache, last_only: bool = False) -> np.ndarray:
        """Token ids [T] appended to the cache -> logits float32 [T, vocab] ([1, vocab] if
        `last_only`). Any chunking of a sequence gives the same bits."""
        return self.forward_batch([(tokens, cache)], last_only)[0]

    def forward_batch(
        self, batch: Sequence[tuple[Sequence[int], Cache]], last_only: bool = False
    ) -> list[np.ndarray]:
        """Several sequences at once, each with its own cache; logits per sequence."""
        lengths = [len(tokens) for tokens, _ in batch]
        if min(lengths) < 1:
            raise ValueError("a chunk holds at least one token")
        positions = np.concatenate([c.tokens + np.arange(n) for n, (_, c) in zip(lengths, batch)])
        if positions.max() >= self.config.max_seq:
            raise ValueError(f"more than {self.config.max_seq} tokens in a sequence")
        ends = np.cumsum(lengths)
        rows = [slice(end - n, end) for n, end in zip(lengths, ends)]
        ids = np.concatenate([np.asarray(tokens, dtype=np.int64) for tokens, _ in batch])
        x = self._show("x", -1, self._embed(ids, positions))
        for i in range(self.config.n_layers):
            caches = [cache.layers[i] for _, cache in batch]
            x = self._show("x_attn", i, add(x, self._attention(i, x, positions, rows, caches)))
            x = self._show("x_ffn", i, add(x, self._ffn(i, x)))
        for n, (_, cache) in zip(lengths, batch):
            cache.tokens += n
        if last_only:
            x = x[ends - 1]
            rows = [slice(i, i + 1) for i in range(len(batch))]
        logits = self._show("logits", -1, self._head(x))
        return [logits[part] for part in rows]

    def _attention(self, i: int, x: np.ndarray, positions, rows, caches) -> np.ndarray:
        """x [T, dim] -> output of Wo [T, dim]; appends K and V to the caches."""
        q, k, v = self._heads(i, x, positions)
        out = np.zeros((len(x), len(q.q) * self.head_pad), np.float32)
        for part, cache in zip(rows, caches):
            cache.append((k.q[:, part], k.e[:, part]), (v.q[:, part], v.e[:, part]))
            mine = Operand(q.q[:, part], q.e[:, part], 8, self.block)
            out[part] = self._joined(self._causal(i, mine, cache))
        return self._show("wo", i, self._wo(i, self._quantized("o", i, out)))

    def _causal(self, i: int, q: Operand, cache: LayerCache) -> np.ndarray:
        """One sequence: q [n_heads, T, hd'] -> o float32 [n_heads, T, head_dim]."""
        share = len(q.q) // len(cache.k_q)
        chunk, context = q.q.shape[1], cache.k_q.shape[1]
        allowed = np.arange(context) <= np.arange(context - chunk, context)[:, None]  # [T, context]

        def repeated(a: np.ndarray, e: np.ndarray) -> Operand:
            return Operand(np.repeat(a, share, axis=0), np.repeat(e, share, axis=0), 8, self.block)

        return self._attend(i, q, repeated(cache.k_q, cache.k_e), repeated(cache.v_q, cache.v_e),
                            allowed)

    # What a family's page gives

    def _embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """[T], [T] -> x [T, dim]."""
        raise NotImplementedError

    def _heads(self, i: int, x: np.ndarray, positions) -> tuple[Operand, Operand, Operand]:
        """x [T, dim] -> q [n_heads, T, hd'], k and v [n_kv_heads, T, hd']."""
        raise NotImplementedError

    def _wo(self, i: int, oq: Operand) -> np.ndarray:
        """[T, n_heads * head_pad] -> [T, dim]."""
        raise NotImplementedError

    def _ffn(self, i: int, x: np.ndarray) -> np.ndarray:
        """x [T, dim] -> [T, dim]."""
        raise NotImplementedError

    def _head(self, x: np.ndarray) -> np.ndarray:
        """x [T, dim] -> logits [T, vocab]."""
        raise NotImplementedError


def generate(
    model: Decoder, prompt: Sequence[int], count: int, stop: int | None = None
) -> list[int]:
    """Greedy: the tokens after the prompt, at most `count`, ending before `stop`."""
    cache = Cache(model)
    chunk, out = list(prompt), []
    for _ in range(count):
        token = int(reduce.argmax(model.forward(chunk, cache, last_only=True))[0])
        if token == stop:
            break
        out.append(token)
        chunk = [token]
    return out


def loss(logits: np.ndarray, targets: Sequence[int]) -> np.ndarray:
    """Negative log likelihood in nats per position [T], in float64 (measurement, not chip work)."""
    z = logits.astype(np.float64)
    z = z - z.max(axis=-1, keepdims=True)
    return np.log(np.exp(z).sum(axis=-1)) - z[np.arange(len(z)), np.asarray(targets)]

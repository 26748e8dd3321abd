# SPDX-License-Identifier: Apache-2.0
"""The Llama family on one page: every rounding of the chip in its place.

Q is mx.quantize, S the fixed-order sum, W the stationary MX operands; everything else is fp32
with flush (models/fp32.py). Per token t of a sequence:

    xq = Q(x * gamma')                 gamma' = gamma * sqrt(dim): the norm's scale commutes with
    r  = rsqrt(S(x * x) + eps * dim)   the product and multiplies its result
    q, k = rope(Wq xq * r), rope(Wk xq * r)      per head; cached as Q(k)
    v  = Wv xq * r                               cached as Q(v), bytes Ev, one per tile of BLOCK
    s  = Q(q) . Q(k)                             over the tokens so far
    e  = exp2((s - max s) * log2(e) / sqrt(head_dim))
    o  = (Q(e * 2^Ev) . Vq) * recip(S(e))        blocks of BLOCK absolute tokens, V at exponent 0
    x  = x + Wo Q(o)                             heads padded to a multiple of LANES = BLOCK / 4
    xq, r as above with the second norm
    x  = x + Wdown Q(silu(Wgate xq * r) * (Wup xq * r))
    logits = Wout Q(x * gammaf') * r

No result of a token depends on later tokens, on the chunk it came in, or on its batch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from models import fp32, mx, reduce, vector
from models.checkpoint import LlamaLayer, LlamaWeights
from models.dimc import Operand, product
from models.fp32 import add, mul
from models.reference import Reference, Trace


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

    def __init__(self, model: Model) -> None:
        c, block = model.config, model.block
        width = -(-c.head_dim // block) * block
        q = np.zeros((c.n_kv_heads, 0, width), np.int8)
        e = np.zeros((c.n_kv_heads, 0, width // block), np.uint8)
        self.tokens = 0
        self.layers = [LayerCache(q, e, q, e) for _ in range(c.n_layers)]


@dataclasses.dataclass(frozen=True)
class Stationary:
    """Constants of one layer as the chip holds them."""

    attn_gain: np.ndarray
    wq: Operand
    wk: Operand
    wv: Operand
    wo: Operand
    ffn_gain: np.ndarray
    w_gate: Operand
    w_up: Operand
    w_down: Operand


class Model(Reference):
    """A Llama checkpoint in MX weights.

    `block` is BLOCK of the chip, `w_bits` 8 or 4. `trace(name, layer, array)` sees every
    intermediate tensor (layer -1 outside the layers); in a batch the tensors of attention proper
    come once per sequence, all others once with the rows of all sequences.
    """

    def __init__(
        self, weights: LlamaWeights, block: int = 64, w_bits: int = 8, trace: Trace | None = None
    ) -> None:
        c = weights.config
        super().__init__(c, block, trace)
        self.w_bits = w_bits
        self.embedding = fp32.flush(weights.embedding)
        self.layers = [self._stationary(layer) for layer in weights.layers]
        self.final_gain = vector.norm_gain(weights.final_norm, c.dim)
        self.w_out = self._weights(weights.w_out)

    def _weights(self, w: np.ndarray) -> Operand:
        return Operand.quantized(w, self.w_bits, self.block)

    def _stationary(self, w: LlamaLayer) -> Stationary:
        c = self.config
        return Stationary(
            attn_gain=vector.norm_gain(w.attn_norm, c.dim),
            wq=self._weights(w.wq),
            wk=self._weights(w.wk),
            wv=self._weights(w.wv),
            wo=self._weights(self._padded_heads(w.wo)),
            ffn_gain=vector.norm_gain(w.ffn_norm, c.dim),
            w_gate=self._weights(w.w_gate),
            w_up=self._weights(w.w_up),
            w_down=self._weights(w.w_down),
        )

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
        rope = vector.rope_table(positions, self.config.head_dim, self.config.rope_theta)
        ids = np.concatenate([np.asarray(tokens, dtype=np.int64) for tokens, _ in batch])
        x = self._show("x", -1, self.embedding[ids])
        for i, w in enumerate(self.layers):
            caches = [cache.layers[i] for _, cache in batch]
            x = self._show("x_attn", i, add(x, self._attention(i, w, x, rope, rows, caches)))
            x = self._show("x_ffn", i, add(x, self._ffn(i, w, x)))
        for n, (_, cache) in zip(lengths, batch):
            cache.tokens += n
        if last_only:
            x = x[ends - 1]
            rows = [slice(i, i + 1) for i in range(len(batch))]
        xq, r = self._normed("head", -1, x, self.final_gain)
        logits = self._show("logits", -1, mul(product(xq, self.w_out), r))
        return [logits[part] for part in rows]

    def _normed(self, name: str, layer: int, x: np.ndarray, gain) -> tuple[Operand, np.ndarray]:
        """x [T, dim] -> (Q(x * gain), r [T, 1])."""
        xq = self._quantized(f"{name}_x", layer, mul(x, gain))
        return xq, self._show(f"{name}_r", layer, vector.rms_scale(x, self.epsilon, self.block))

    def _attention(self, i: int, w: Stationary, x, rope, rows, caches) -> np.ndarray:
        """x [T, dim] -> output of Wo [T, dim]; appends K and V to the caches."""
        c = self.config
        xq, r = self._normed("attn", i, x, w.attn_gain)

        def heads(name: str, weights: Operand) -> np.ndarray:
            y = self._show(name, i, mul(product(xq, weights), r))
            return y.reshape(len(x), -1, c.head_dim).swapaxes(0, 1)  # [heads, T, head_dim]

        q = vector.rope(heads("q", w.wq), *rope)
        k = vector.rope(heads("k", w.wk), *rope)
        q = self._quantized("q_rope", i, q)
        k = self._quantized("k_rope", i, k)
        v = self._quantized("v", i, heads("v", w.wv))
        out = np.zeros((len(x), c.n_heads, self.head_pad), np.float32)
        for part, cache in zip(rows, caches):
            cache.append((k.q[:, part], k.e[:, part]), (v.q[:, part], v.e[:, part]))
            mine = Operand(q.q[:, part], q.e[:, part], 8, self.block)
            out[part, :, : c.head_dim] = self._attend(i, mine, cache).swapaxes(0, 1)
        oq = self._quantized("o", i, out.reshape(len(x), -1))
        return self._show("wo", i, product(oq, w.wo))

    def _attend(self, i: int, q: Operand, cache: LayerCache) -> np.ndarray:
        """One sequence: q [n_heads, T, hd'] -> o float32 [n_heads, T, head_dim]."""
        c, block = self.config, self.block
        n_heads, chunk, _ = q.q.shape
        context = cache.k_q.shape[1]
        share = n_heads // c.n_kv_heads
        allowed = np.arange(context) <= np.arange(context - chunk, context)[:, None]  # [T, context]
        repeated = [np.repeat(a, share, axis=0) for a in (cache.k_q, cache.k_e)]
        s = np.where(allowed, product(q, Operand(*repeated, 8, block)), fp32.ZERO)
        self._show("s", i, s)
        m = vector.softmax_max(s, allowed)
        e = self._show("e", i, vector.softmax_exp(s, m, self.c_attn, allowed))
        scale = self._show("e_scale", i, vector.softmax_scale(e, block))
        tiles = []
        for tile in range(cache.v_e.shape[2]):
            columns = np.repeat(cache.v_q[..., tile * block : (tile + 1) * block], share, axis=0)
            exponents = np.repeat(cache.v_e[:, None, :, tile], share, axis=0)
            p = self._quantized(f"p{tile}", i, vector.fold(e, exponents, allowed))
            v = np.zeros((n_heads, block, p.q.shape[-1]), np.int8)
            v[..., :context] = columns.swapaxes(1, 2)
            unit = np.full((n_heads, block, p.e.shape[-1]), mx.UNIT, np.uint8)
            tiles.append(product(p, Operand(v, unit, 8, block)))
        o = np.concatenate(tiles, axis=-1)[..., : c.head_dim]
        return self._show("o_heads", i, mul(o, scale))

    def _ffn(self, i: int, w: Stationary, x: np.ndarray) -> np.ndarray:
        """x [T, dim] -> output of Wdown [T, dim]."""
        xq, r = self._normed("ffn", i, x, w.ffn_gain)
        gate = self._show("gate", i, mul(product(xq, w.w_gate), r))
        up = self._show("up", i, mul(product(xq, w.w_up), r))
        a = self._quantized("act", i, vector.silu_mul(gate, up))
        return self._show("down", i, product(a, w.w_down))


def generate(model: Model, prompt: Sequence[int], count: int, stop: int | None = None) -> list[int]:
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

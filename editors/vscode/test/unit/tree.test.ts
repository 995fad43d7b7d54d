import { describe, expect, test } from "vitest";

import type { NodeInserted, NodeRemoved, NodeUpdated, TreeNode, TreeParams, TreeResult } from "../../src/generated/protocol";
import { type NodeRow, OutlineTree, PAGE } from "../../src/tree/model";

interface Told {
  title: string;
  children: Told[];
}

/** A server in memory: a tree, its deltas, and how often it was asked. */
class FakeServer {
  seq = 0;
  asked = 0;
  private readonly nodes = new Map<string, Told>();
  readonly top: Told[];
  private ids = 0;
  private readonly idOf = new Map<Told, string>();

  constructor(top: Told[]) {
    this.top = top;
  }

  id(told: Told): string {
    let id = this.idOf.get(told);
    if (id === undefined) {
      id = `n${(this.ids += 1)}`;
      this.idOf.set(told, id);
      this.nodes.set(id, told);
    }
    return id;
  }

  node(told: Told): TreeNode {
    return { nodeId: this.id(told), kind: "task", title: told.title, status: "pending", childCount: told.children.length };
  }

  ask = (params: TreeParams): Promise<TreeResult> => {
    this.asked += 1;
    const list = params.nodeId == null ? this.top : (this.nodes.get(params.nodeId)?.children ?? []);
    const from = params.offset ?? 0;
    const nodes = list.slice(from, from + (params.limit ?? list.length)).map((told) => this.node(told));
    return Promise.resolve({ documentVersion: 1, seq: this.seq, nodes, total: list.length });
  };

  /** The delta of inserting or removing, made. */
  insert(parent: Told | undefined, index: number, told: Told): (NodeInserted | NodeUpdated)[] {
    (parent?.children ?? this.top).splice(index, 0, told);
    const inserted: NodeInserted = { op: "insert", parentId: parent === undefined ? null : this.id(parent), index, node: this.node(told) };
    return parent === undefined ? [inserted] : [inserted, { op: "update", node: this.node(parent) }];
  }

  remove(parent: Told | undefined, index: number): (NodeRemoved | NodeUpdated)[] {
    const [gone] = (parent?.children ?? this.top).splice(index, 1);
    const removed: NodeRemoved = { op: "remove", nodeId: this.id(gone!) };
    return parent === undefined ? [removed] : [removed, { op: "update", node: this.node(parent) }];
  }
}

function leaf(title: string, ...children: Told[]): Told {
  return { title, children };
}

async function shown(tree: OutlineTree, row?: NodeRow): Promise<unknown[]> {
  const rows = await tree.children(row);
  return Promise.all(rows.map(async (one) => (one.total > 0 ? [one.node.title, await shown(tree, one)] : one.node.title)));
}

describe("the tree of an outline", () => {
  test("asks again when all that is known is dropped meanwhile", async () => {
    const server = new FakeServer([leaf("a", leaf("b"))]);
    let drops = 2;
    const tree: OutlineTree = new OutlineTree("file:///x", async (params) => {
      const answer = await server.ask(params);
      if (drops > 0) {
        drops -= 1;
        tree.drop();
      }
      return answer;
    });
    const [a] = await tree.children(undefined);
    expect(a?.node.title).toBe("a");
    drops = 1;
    expect(await tree.children(a)).toEqual([]); // of a tree that is gone
    expect(await shown(tree)).toEqual([["a", ["b"]]]);
  });

  test("loads what is opened, once", async () => {
    const server = new FakeServer([leaf("a", leaf("b"), leaf("c")), leaf("d")]);
    const tree = new OutlineTree("file:///x", server.ask);
    const [a] = await tree.children(undefined);
    expect(server.asked).toBe(1);
    await Promise.all([tree.children(a), tree.children(a)]);
    expect(server.asked).toBe(2);
    expect(await shown(tree)).toEqual([["a", ["b", "c"]], "d"]);
    expect(server.asked).toBe(2);
  });

  test("deltas lead to what the server would answer", async () => {
    let state = 7;
    const random = (below: number): number => {
      state = (state * 1103515245 + 12345) % 2147483648;
      return state % below;
    };
    const server = new FakeServer([leaf("a", leaf("b")), leaf("c")]);
    const tree = new OutlineTree("file:///x", server.ask);
    await shown(tree);
    const all = (list: Told[]): Told[] => list.flatMap((one) => [one, ...all(one.children)]);
    for (let round = 0; round < 200; round += 1) {
      const nodes = all(server.top);
      const parent = random(3) === 0 ? undefined : nodes[random(nodes.length || 1)];
      const list = parent?.children ?? server.top;
      const changes =
        random(3) > 0 || list.length === 0
          ? server.insert(parent, random(list.length + 1), leaf(`t${round}`))
          : server.remove(parent, random(list.length));
      server.seq += 1;
      expect(tree.apply({ uri: "file:///x", documentVersion: round, seq: server.seq, changes })).toBeDefined();
      const known = await shown(tree);
      expect(known).toEqual(await shown(new OutlineTree("file:///x", server.ask)));
    }
  });

  test("a gap means asking again", async () => {
    const server = new FakeServer([leaf("a")]);
    const tree = new OutlineTree("file:///x", server.ask);
    await shown(tree);
    server.insert(undefined, 0, leaf("lost"));
    const changes = server.insert(undefined, 0, leaf("told"));
    server.seq = 2;
    expect(tree.apply({ uri: "file:///x", documentVersion: 1, seq: 2, changes })).toBeUndefined();
    expect(await shown(tree)).toEqual(["told", "lost", "a"]);
  });

  test("what was told before it was asked is not made twice", async () => {
    const server = new FakeServer([leaf("a")]);
    const tree = new OutlineTree("file:///x", server.ask);
    server.seq = 4;
    await shown(tree);
    expect(tree.apply({ uri: "file:///x", documentVersion: 1, seq: 4, changes: [] })?.children.size).toBe(0);
    expect(await shown(tree)).toEqual(["a"]);
  });

  test("a long list is shown page by page", async () => {
    const server = new FakeServer(Array.from({ length: PAGE * 2 + 7 }, (_, index) => leaf(String(index))));
    const tree = new OutlineTree("file:///x", server.ask);
    expect(await tree.children(undefined)).toHaveLength(PAGE);
    await tree.more(undefined);
    expect(tree.loaded(undefined)).toHaveLength(PAGE * 2);
    server.seq = 1;
    tree.apply({ uri: "file:///x", documentVersion: 1, seq: 1, changes: server.insert(undefined, PAGE * 2 + 3, leaf("far")) });
    expect(tree.loaded(undefined)).toHaveLength(PAGE * 2);
    expect(tree.total(undefined)).toBe(PAGE * 2 + 8);
    await tree.more(undefined);
    expect(tree.loaded(undefined)?.map((row) => row.node.title)).toContain("far");
  });

  test("a row far down is found by its path, within bounds", async () => {
    const far = leaf("far");
    const server = new FakeServer(Array.from({ length: 20_000 }, (_, index) => (index === 1200 ? leaf("parent", far) : leaf(String(index)))));
    const tree = new OutlineTree("file:///x", server.ask);
    const path = [server.id(server.top[1200]!), server.id(far)];
    expect((await tree.find(path))?.node.title).toBe("far");
    expect(await tree.find([server.id(server.top[19_000]!)])).toBeUndefined();
    expect(tree.loaded(undefined)!.length).toBeLessThan(6000);
  });
});

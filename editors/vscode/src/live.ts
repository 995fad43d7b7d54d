/**
 * What runs: the runs of the store, which tasks of them are under way, and what waits for a person.
 *
 * Apart from the views because the tree, the editor, the status item and two views show parts of it. The server's
 * events only say that something moved: figures are asked for, at most four times a second.
 *
 * Invariant: events of a burst lead to one question ("a burst of events asks once").
 */

import type {
  ApprovalInfo,
  ApprovalListResult,
  RunGetResult,
  RunInfo,
  RunListResult,
  RunUpdateParams,
} from "./generated/protocol";
import { isLive } from "./words";

export interface LiveTask {
  runId: string;
  uri: string;
  nodeId: string;
  taskId: string;
  title: string;
  state: string;
}

export interface LiveSource {
  runs(): Promise<RunListResult>;
  run(runId: string): Promise<RunGetResult>;
  approvals(): Promise<ApprovalListResult>;
  /** US dollars, of calls since then (seconds since 1970). */
  spent(since: number): Promise<number>;
}

const PAUSE = 250;

export class Live {
  /** The newest first. */
  runs: RunInfo[] = [];
  approvals: ApprovalInfo[] = [];
  /** US dollars. */
  spentToday = 0;
  private readonly tasks = new Map<string, LiveTask>();
  /** Of running runs: tasks that no event tells of here, by their ids. */
  private byId = new Map<string, LiveTask>();
  private readonly listeners = new Set<() => void>();
  private readonly taskListeners = new Set<(tasks: LiveTask[]) => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking = false;
  private again = false;

  constructor(
    private readonly source: LiveSource,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Runs or approvals are different. */
  onChange(listener: () => void): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  }

  /** Tasks whose state is another one, or that are not under way any more. */
  onTasks(listener: (tasks: LiveTask[]) => void): { dispose(): void } {
    this.taskListeners.add(listener);
    return { dispose: () => this.taskListeners.delete(listener) };
  }

  /** `taskId` where the text gives it one: then it is known of a parent, too, that its subtasks run. */
  stateOf(uri: string, nodeId: string, taskId?: string | null): string | undefined {
    return this.taskAt(uri, nodeId, taskId)?.state;
  }

  taskAt(uri: string, nodeId: string, taskId?: string | null): LiveTask | undefined {
    return this.tasks.get(`${uri}#${nodeId}`) ?? this.byId.get(`${uri}^${taskId ?? ""}`);
  }

  tasksOf(uri: string): LiveTask[] {
    return [...this.tasks.values()].filter((task) => task.uri === uri);
  }

  get running(): RunInfo[] {
    return this.runs.filter((run) => run.state === "running");
  }

  /** Ask for everything soon. */
  refresh(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.look();
    }, PAUSE);
  }

  update(event: RunUpdateParams): void {
    if (event.kind === "attempt.state" || event.kind === "attempt.started") {
      this.note(event);
    }
    if (event.kind === "run.ended") {
      const ended = [...this.tasks].filter(([, task]) => task.runId === event.runId);
      for (const [key] of ended) {
        this.tasks.delete(key);
      }
      this.tellTasks(ended.map(([, task]) => task));
    }
    this.refresh();
  }

  approvalChanged(approval: ApprovalInfo): void {
    this.approvals = this.approvals.filter((one) => one.approvalId !== approval.approvalId);
    if (approval.state === "open") {
      this.approvals.push(approval);
    }
    this.tell();
    this.refresh();
  }

  /** The server is gone. */
  clear(): void {
    const tasks = [...this.tasks.values(), ...this.byId.values()];
    this.tasks.clear();
    this.byId.clear();
    this.runs = [];
    this.approvals = [];
    this.tellTasks(tasks);
    this.tell();
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private note(event: RunUpdateParams): void {
    const { state, taskId, title } = event.detail as { state?: string; taskId?: string; title?: string };
    if (event.nodeId === null || state === undefined) {
      return;
    }
    const key = `${event.uri}#${event.nodeId}`;
    const task: LiveTask = {
      runId: event.runId,
      uri: event.uri,
      nodeId: event.nodeId,
      taskId: taskId ?? "",
      title: title ?? "",
      state,
    };
    if (isLive(state)) {
      this.tasks.set(key, task);
    } else {
      this.tasks.delete(key);
    }
    this.tellTasks([task]);
  }

  private async look(): Promise<void> {
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    try {
      const midnight = new Date();
      midnight.setHours(0, 0, 0, 0);
      const spent = this.source.spent(midnight.getTime() / 1000);
      const [runs, approvals, today] = await Promise.all([this.source.runs(), this.source.approvals(), spent]);
      this.spentToday = today;
      this.runs = runs.runs;
      this.approvals = approvals.approvals;
      await this.lookAtBoards();
      this.tell();
    } catch (error) {
      this.failed(error);
    } finally {
      this.asking = false;
      if (this.again) {
        this.again = false;
        this.refresh();
      }
    }
  }

  /**
   * Which tasks wait for subtasks that run: the board of a run says it, and no event. Of a run of another program also
   * which are under way: its events name no node where the text here had no id yet.
   */
  private async lookAtBoards(): Promise<void> {
    const before = this.byId;
    this.byId = new Map();
    for (const { run, tasks } of await Promise.all(this.running.map(({ runId }) => this.source.run(runId)))) {
      for (const { taskId, title, state } of tasks) {
        if (state === "expanded" || (!run.here && state !== null && isLive(state))) {
          this.byId.set(`${run.uri}^${taskId}`, { runId: run.runId, uri: run.uri, nodeId: "", taskId, title, state });
        }
      }
    }
    const changed = [...before, ...this.byId].filter(([key]) => before.get(key)?.state !== this.byId.get(key)?.state);
    this.tellTasks(changed.map(([, task]) => task));
  }

  private tell(): void {
    for (const listener of this.listeners) {
      listener();
    }
  }

  private tellTasks(tasks: LiveTask[]): void {
    if (tasks.length > 0) {
      for (const listener of this.taskListeners) {
        listener(tasks);
      }
    }
  }
}

/** Every command of the extension, by its name. `package.json` says where each is shown (test: "commands are the manifest's"). */

import type { Context } from "../context";
import * as figures from "../views/metrics";
import * as branches from "./branches";
import * as chats from "./chats";
import * as documents from "./documents";
import * as edits from "./edits";
import * as exchange from "./exchange";
import * as histories from "./history";
import * as prompts from "./prompts";
import * as runs from "./runs";
import * as servers from "./server";
import * as splits from "./splits";
import * as trees from "./tree";
import * as trusts from "./trust";

export type Command = (context: Context, ...given: never[]) => unknown;

export const COMMAND_TABLE: Record<string, Command> = {
  "orchestrator.chat": chats.chat,
  "orchestrator.newChat": chats.newChat,
  "orchestrator.chats": chats.chats,
  "orchestrator.attachSelection": chats.attachSelection,
  "orchestrator.applyCode": chats.applyCode,
  "orchestrator.discardCode": chats.discardCode,
  "orchestrator.split": splits.split,
  "orchestrator.splitRecursively": splits.splitRecursively,
  "orchestrator.replan": splits.replan,
  "orchestrator.expand": splits.expand,
  "orchestrator.accept": splits.accept,
  "orchestrator.acceptOne": splits.acceptOne,
  "orchestrator.editProposal": splits.edit,
  "orchestrator.useProposal": splits.use,
  "orchestrator.discard": splits.discard,
  "orchestrator.run": runs.run,
  "orchestrator.runOutline": runs.runOutline,
  "orchestrator.estimate": runs.estimate,
  "orchestrator.stop": runs.stop,
  "orchestrator.resume": runs.resume,
  "orchestrator.giveUp": runs.giveUp,
  "orchestrator.runs.refresh": runs.refresh,
  "orchestrator.runs.showTask": runs.showTask,
  "orchestrator.inbox.answer": runs.answer,
  "orchestrator.inbox.allow": runs.allow,
  "orchestrator.inbox.refuse": runs.refuse,
  "orchestrator.inbox.diff": runs.diff,
  "orchestrator.inbox.showTask": runs.showApprovalTask,
  "orchestrator.cycleStatus": edits.cycleStatus,
  "orchestrator.setStatus": edits.setStatus,
  "orchestrator.setMode": edits.setMode,
  "orchestrator.setModel": edits.setModel,
  "orchestrator.setExecutor": edits.setExecutor,
  "orchestrator.promote": edits.promote,
  "orchestrator.demote": edits.demote,
  "orchestrator.moveUp": edits.moveUp,
  "orchestrator.moveDown": edits.moveDown,
  "orchestrator.addSubtask": edits.addSubtask,
  "orchestrator.addTask": edits.addTask,
  "orchestrator.addAcceptance": edits.addAcceptance,
  "orchestrator.delete": branches.remove,
  "orchestrator.sort": edits.sort,
  "orchestrator.assignIds": edits.assignIds,
  "orchestrator.copyLink": edits.copyLink,
  "orchestrator.newOutline": edits.newOutline,
  "orchestrator.tree.open": trees.open,
  "orchestrator.tree.more": trees.more,
  "orchestrator.tree.refresh": trees.refresh,
  "orchestrator.tree.reveal": trees.reveal,
  "orchestrator.tree.filter": trees.filter,
  "orchestrator.tree.filterText": trees.filterText,
  "orchestrator.tree.clearFilter": trees.clearFilter,
  "orchestrator.tree.follow": trees.follow,
  "orchestrator.tree.unfollow": trees.follow,
  "orchestrator.tree.find": trees.find,
  "orchestrator.chats.open": chats.openChat,
  "orchestrator.documents.open": documents.open,
  "orchestrator.documents.refresh": documents.refresh,
  "orchestrator.context": documents.showContext,
  "orchestrator.runs.log": documents.runLog,
  "orchestrator.history": histories.history,
  "orchestrator.export": exchange.exportOutline,
  "orchestrator.import": exchange.importOutline,
  "orchestrator.prompts": prompts.prompts,
  "orchestrator.prompts.edit": prompts.edit,
  "orchestrator.prompts.new": prompts.create,
  "orchestrator.prompts.versions": prompts.versions,
  "orchestrator.prompts.diff": prompts.diff,
  "orchestrator.prompts.rollBack": prompts.rollBack,
  "orchestrator.prompts.test": prompts.test,
  "orchestrator.prompts.export": prompts.exportPrompts,
  "orchestrator.prompts.import": prompts.importPrompts,
  "orchestrator.metrics": figures.metrics,
  "orchestrator.exportMetrics": figures.exportMetrics,
  "orchestrator.menu": servers.menu,
  "orchestrator.install": servers.installServer,
  "orchestrator.restart": servers.restart,
  "orchestrator.showLog": servers.showLog,
  "orchestrator.doctor": servers.doctor,
  "orchestrator.setKey": servers.setKey,
  "orchestrator.pullModel": servers.pullModel,
  "orchestrator.openSettings": servers.openSettings,
  "orchestrator.explainTrust": servers.explainTrust,
  "orchestrator.trust": trusts.trust,
  "orchestrator.walkthrough": servers.walkthrough,
};

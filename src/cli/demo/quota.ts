/** Configuration lines that give each user a quota of this size (`64k`, `5M`) and, if it is said, so many messages. */
export const quotaOf = ({ storage, messages }: { storage: string; messages?: number }): string => `
mail_plugins = quota
protocol imap {
  mail_plugins = quota imap_quota
}
plugin {
  quota = count:Mailbox
  quota_vsizes = yes
  quota_grace = 0
  quota_rule = *:storage=${storage}${messages === undefined ? '' : `:messages=${messages}`}
}
`;

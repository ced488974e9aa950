/** Every request the network knows. */
import type { IqTable } from './iq.js';
import { appStateRequests } from './iq-app-state.js';
import { deviceRequests } from './iq-devices.js';
import { directoryRequests } from './iq-directory.js';
import { keyRequests } from './iq-keys.js';
import { mediaRequests } from './iq-media.js';
import { profileRequests } from './iq-profile.js';
import { settingRequests } from './iq-settings.js';

export const iqTable: IqTable = {
  ...keyRequests,
  ...directoryRequests,
  ...settingRequests,
  ...profileRequests,
  ...appStateRequests,
  ...deviceRequests,
  ...mediaRequests,
};

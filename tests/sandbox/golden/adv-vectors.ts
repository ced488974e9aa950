/** A device identity with both of its signatures, made once with the Rust curve; XEdDSA is randomised, so the bytes are kept. */
export const adv = {
  account: {
    private: '8b59a175f993a628c4506c1db84e61d608bd0c60a317daebd5f6d48bc1a37586',
    public: 'd017c494998819c33ebcf78f998038c025814d3a4bfe5caca3cf9838d2584454',
  },
  companion: {
    private: '8d23c3772d0e295374c48d20d5f527a43c0181757c2f8ce4ce54210e736a78ac',
    public: '501259bd00a6ed1fcf9098fba8f009350ac0a96fe4003702e3b788bea383eb61',
  },
  /** ADVDeviceIdentity { rawId 305419896, timestamp 1717171717, keyIndex 1 } */
  details: '08f8acd191011085ece7b2061801',
  accountSignature:
    '69d5f7d59b3110325757dd815a3398bcaa760fba1869f55f87d67f66bafa1215a5def1ace0dfe91a406a0d93b181c8c5d19e5b4514a5d39fc95e1ee1b3fff207',
  deviceSignature:
    '7556ab7d4b2c059106469b8b1a4bb86fefb7b54161b4bc8fb05a694a261b6e421bc3fce4b7a8f61732d7181979223cec514958468280388a1eeea6019cd9ef8e',
} as const;
